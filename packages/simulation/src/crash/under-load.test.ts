import { setTimeout as pause } from 'node:timers/promises'
import { silentLogger } from '@roomserver/types'
import { openStorage } from '@roomserver/storage'
import { expect, it } from 'vitest'
import { crashRound } from './crash-round.ts'
import type { TestBed } from './test-bed.ts'
import { underLoad } from './scenarios/under-load.ts'

/** What is left when every server is gone. */
async function deserted(): Promise<{ testBed: TestBed; asked: () => number }> {
  let asked = 0
  const storage = await openStorage({ dialect: 'sqlite', file: ':memory:' }, { logger: silentLogger })
  const server = {
    get url() {
      asked++
      return 'http://127.0.0.1:1'
    },
    isRunning: false,
    kill: async () => undefined,
    start: (() => {
      let starts = 0
      return async () => {
        if (starts++ === 0) return true
        throw new Error('the server does not answer')
      }
    })(),
  } as unknown as TestBed['server']
  const dispose = async () => undefined
  const log = {
    taken: [],
    refusals: [],
    pauses: false,
    position: async () => '',
    [Symbol.asyncDispose]: dispose,
  }
  const place = { database: '' }
  const testBed = { place, server, storage, log, isEmbedded: true, [Symbol.asyncDispose]: dispose }
  return { testBed, asked: () => asked }
}

it.each([
  [
    'a scenario',
    (testBed: TestBed) =>
      underLoad(testBed, 1, () => Promise.reject(new Error('the server does not answer'))),
  ],
  ['a round', (testBed: TestBed) => crashRound(testBed.server, testBed, 1)],
])('%s that fails leaves nobody behind who goes on sending', async (_what, run) => {
  const { testBed, asked } = await deserted()
  await using _storage = testBed.storage
  await expect(run(testBed)).rejects.toThrow('the server does not answer')
  const before = asked()
  await pause(300)
  expect(asked()).toBe(before)
})
