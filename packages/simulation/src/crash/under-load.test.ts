import { setTimeout as pause } from 'node:timers/promises'
import { silentLogger } from '@roomserver/types'
import { openStorage } from '@roomserver/storage'
import { expect, it } from 'vitest'
import { crashRound } from './crash-round.ts'
import type { Ground } from './test-bed.ts'
import { underLoad } from './scenarios/under-load.ts'

/** What is left when every server is gone. */
async function deserted(): Promise<{ ground: Ground; asked: () => number }> {
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
  } as unknown as Ground['server']
  const dispose = async () => undefined
  const log = { taken: [], [Symbol.asyncDispose]: dispose }
  const place = { database: '' }
  const ground = { place, server, storage, log, isEmbedded: true, [Symbol.asyncDispose]: dispose }
  return { ground, asked: () => asked }
}

it.each([
  [
    'a scenario',
    (ground: Ground) => underLoad(ground, 1, () => Promise.reject(new Error('the server does not answer'))),
  ],
  ['a round', (ground: Ground) => crashRound(ground.server, ground, 1)],
])('%s that fails leaves nobody behind who goes on sending', async (_what, run) => {
  const { ground, asked } = await deserted()
  await using _storage = ground.storage
  await expect(run(ground)).rejects.toThrow('the server does not answer')
  const before = asked()
  await pause(300)
  expect(asked()).toBe(before)
})
