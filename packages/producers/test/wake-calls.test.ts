import { execFile } from 'node:child_process'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { startNats, type TestServer } from '@roomserver/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openWakeCalls, type WakeCalls } from '../src/wake-calls.ts'

let nats: TestServer
beforeAll(async () => {
  nats = await startNats()
})
afterAll(() => nats[Symbol.asyncDispose]())

const open = () => openWakeCalls({ servers: [nats.url], topicPrefix: 'Calls' })

/** Calls until somebody hears it: connections take their time. */
async function callUntil(calls: WakeCalls, isHeard: () => boolean): Promise<void> {
  const isHeardNow = (): boolean => {
    calls.call()
    return isHeard()
  }
  await expect.poll(isHeardNow).toBe(true)
  await arrived(calls)
}

/**
 * Waits until all calls so far have been heard: a question goes the same way behind them. The first one comes back after
 * the calls that were held back have been sent, the second one behind those.
 */
async function arrived(calls: WakeCalls): Promise<void> {
  for (let round = 0; round < 2; round++) while (!(await isAnswered(calls)));
}

/** A question that comes before the message server knows that nobody listens any more gets no answer. */
async function isAnswered(calls: WakeCalls): Promise<boolean> {
  const answer = calls.delivered('!none:a', 0, 60_000).then(() => true)
  return await Promise.race([answer, wait(500, false)])
}

it('wakes whoever listens, in another process, and nobody else', async () => {
  await using one = open()
  await using other = open()
  let heard = 0
  const hearing = other.listen(() => heard++)
  await callUntil(one, () => heard > 0)
  const before = heard
  hearing[Symbol.dispose]()
  one.call()
  await arrived(one)
  expect(heard).toBe(before)
})

it('makes one call of many that come while one is on its way', async () => {
  await using calls = open()
  let heard = 0
  using _hearing = calls.listen(() => heard++)
  await callUntil(calls, () => heard > 0)
  heard = 0
  for (let i = 0; i < 1_000; i++) calls.call()
  await arrived(calls)
  expect(heard).toBe(2)
})

it('asks whoever listens when an output was delivered, and waits for nobody', async () => {
  await using one = open()
  await using other = open()
  const asked: unknown[] = []
  const first = Promise.withResolvers<boolean>()
  const hearing = other.listen(
    () => undefined,
    (...question) => {
      asked.push(question)
      return first.promise
    },
  )
  const questions = (): readonly unknown[] => {
    void one.delivered('!room:a', 7, 60_000)
    return asked
  }
  await expect.poll(questions).not.toEqual([])
  expect(asked[0]).toEqual(['!room:a', 7, 60_000])
  const waiting = one.delivered('!room:a', 7, 60_000)
  first.resolve(true)
  expect(await waiting).toBe(true)
  hearing[Symbol.dispose]()
  // Nobody delivers at present: the message server says so, and the hour is not waited for. A question that comes before
  // the server knows that nobody listens any more gets no answer, so others follow it.
  const ask = () => Promise.race([one.delivered('!room:a', 8, 3_600_000), wait(200)])
  await expect.poll(ask).toBe(false)
})

it('goes on when the message server was away, and piles nothing up meanwhile', async () => {
  await using calls = open()
  let heard = 0
  using _hearing = calls.listen(() => heard++)
  await callUntil(calls, () => heard > 0)
  await nats.stop('kill')
  for (let i = 0; i < 100; i++) {
    calls.call()
    await wait(2)
  }
  heard = 0
  await nats.start()
  await callUntil(calls, () => heard > 0)
  expect(heard).toBeLessThan(10)
})

it('ends without waiting for its next attempt where there never was a message server', async () => {
  const hourMs = 3_600_000
  const calls = openWakeCalls({ servers: ['nats://127.0.0.1:1'], topicPrefix: 'Calls' }, hourMs)
  calls.call()
  await calls[Symbol.asyncDispose]()
})

it('does not keep a process alive that has nothing else to do', async () => {
  const module = new URL('../src/wake-calls.ts', import.meta.url).href
  const program = `
    import { openWakeCalls } from ${JSON.stringify(module)}
    openWakeCalls({ servers: ['nats://127.0.0.1:1'], topicPrefix: 'Calls' }, 3_600_000)
    process.on('exit', () => console.log('ended'))
  `
  const flags = ['--conditions=@roomserver/source', '--input-type=module', '--eval', program]
  const { stdout } = await promisify(execFile)(process.execPath, flags, { cwd: import.meta.dirname })
  expect(stdout).toBe('ended\n')
})
