import type { FederationApi } from '@roomserver/api'
import { RoomBuilder } from '@roomserver/testing'
import { expect, it } from 'vitest'
import { Homeserver } from './homeserver.ts'
import { cutOffServer, otherServer } from './other-server.ts'

/** A server that lacks the middle of a room, and another that has it and can be switched off. */
async function cutOff() {
  const a = await Homeserver.start()
  const room = await RoomBuilder.create()
  await room.join('@bob:b')
  await a.takeAll(room.events)
  const known = [...room.events]
  const { federation, heal } = await cutOffServer(a)
  let now = 1_800_000_000_000
  const deps = { serverName: 'b', federation, clock: { now: () => now } }
  const b = await Homeserver.start(deps, {}, { maxAttempts: 2 })
  await b.takeAll(known)
  for (let i = 0; i < 5; i++) await a.take(await room.message(`${i}`))
  const event = await room.message('heard')
  await a.take(event)
  return {
    room,
    a,
    b,
    deps,
    event,
    heal,
    wait: (ms: number) => (now += ms),
    [Symbol.asyncDispose]: async () => {
      await b[Symbol.asyncDispose]()
      await a[Symbol.asyncDispose]()
    },
  }
}

it('keeps an event whose repair failed, and tries again with the next event of its room', async () => {
  await using two = await cutOff()
  const { room, b, event } = two
  expect(await b.take(event, { origin: 'a' })).toMatchObject({ kind: 'missing' })
  const [job] = await b.storage.repairs('', 10)
  expect(job).toMatchObject({ eventId: event.eventId, state: 'failed', attempts: 1 })
  expect(job?.lastError).toContain('no route to host')
  expect(b.input.repairs?.jobs).toMatchObject([{ eventId: event.eventId, state: 'failed' }])

  two.heal()
  const aside = await room.message('aside', { prev: room.events.slice(4, 5) })
  await b.take(aside)
  await b.input.settled()
  expect(await b.event(event.eventId), 'it rests after a failure').toBeUndefined()
  two.wait(60_000)
  await b.take(await room.message('aside', { prev: room.events.slice(4, 5) }))
  await b.input.settled()
  expect(await b.event(event.eventId)).toMatchObject({ verdict: 'accepted' })
  expect(await b.storage.repairs('', 10)).toEqual([])
  expect(b.input.repairs?.jobs).toEqual([])
})

it('takes a repair up at start that another process left', async () => {
  await using two = await cutOff()
  const { b, event, deps } = two
  await b.take(event, { origin: 'a' })
  two.heal()
  two.wait(60_000)
  const next = b.beside(deps)
  await next.input.resume()
  await next.input.close()
  expect(await b.event(event.eventId)).toMatchObject({ verdict: 'accepted' })
  expect(await b.storage.repairs('', 10)).toEqual([])
})

it('counts no attempt that the stop of the server ended, and goes on with it at the next start', async () => {
  await using two = await cutOff()
  const { a, event } = two
  let hold: (() => void) | undefined
  const held = new Promise<void>((resolve) => (hold = resolve))
  const answers = await otherServer(a)
  const slow = {
    ...answers,
    lookupMissingEvents: () => held.then(() => Promise.reject(new Error('too late'))),
  }
  const first = two.b.beside({ ...two.deps, federation: slow as typeof answers as FederationApi })
  const waiting = first.take(event, { origin: 'a' })
  await expect.poll(async () => (await first.storage.repairs('', 10))[0]?.state).toBe('running')
  const closed = first.input.close()
  hold?.()
  expect(await waiting).toMatchObject({ kind: 'missing' })
  await closed
  expect(await first.storage.repairs('', 10)).toMatchObject([
    { state: 'failed', attempts: 0, lastError: 'the server was stopped' },
  ])

  two.heal()
  const next = two.b.beside(two.deps)
  await next.input.resume()
  await next.input.close()
  expect(await next.event(event.eventId)).toMatchObject({ verdict: 'accepted' })
})

it('knows of the repairs of other processes, and takes up what one of them left behind', async () => {
  await using two = await cutOff()
  const { room, b, event, deps } = two
  const other = b.beside(deps)
  await b.take(event, { origin: 'a' })
  expect(other.input.repairs?.jobs).toEqual([])
  await other.input.takeOver()
  expect(other.input.repairs?.jobs).toMatchObject([{ eventId: event.eventId, state: 'failed' }])

  const [job] = await b.storage.repairs('', 10)
  if (job !== undefined) await b.storage.putRepairs([{ ...job, state: 'running', attempts: 2 }])
  two.heal()
  two.wait(60_000)
  await other.input.takeOver()
  await other.take(await room.message('aside', { prev: room.events.slice(4, 5) }))
  await other.input.settled()
  expect(await b.event(event.eventId), 'a process may still be at it').toBeUndefined()
  two.wait(3_600_000)
  await other.take(await room.message('aside', { prev: room.events.slice(4, 5) }))
  await other.input.settled()
  expect(await b.event(event.eventId)).toMatchObject({ verdict: 'accepted' })
  await b.storage.dropRepairs([event.eventId])
  two.wait(60_000)
  await b.input.takeOver()
  expect(b.input.repairs?.jobs).toEqual([])
})

it('gives up after some attempts, until an operator says so', async () => {
  await using two = await cutOff()
  const { room, b, event } = two
  await b.take(event, { origin: 'a' })
  await b.take(event, { origin: 'a' })
  expect(b.input.repairs?.jobs).toMatchObject([{ state: 'gave-up', attempts: 2 }])
  expect(b.input.counters.repairsGivenUp).toBe(1)
  two.heal()
  two.wait(1e9)
  await b.take(await room.message('aside', { prev: room.events.slice(4, 5) }))
  await b.input.settled()
  expect(await b.event(event.eventId)).toBeUndefined()
  const retried = await b.input.repairs?.retry(room.roomId)
  expect(retried).toMatchObject([{ eventId: event.eventId, outcome: { verdict: 'accepted' } }])
})

it('re-evaluates an event as soon as the auth event comes that it lacked', async () => {
  await using two = await cutOff()
  const { room, b } = two
  const [fork] = room.events.slice(4, 5)
  const carol = await room.join('@carol:c', fork && { prev: [fork] })
  const hello = await room.message('hello', { sender: '@carol:c', prev: [carol] })
  expect(await b.take(hello, { origin: 'c' })).toMatchObject({ kind: 'missing' })
  expect(await b.take(carol)).toMatchObject({ verdict: 'accepted' })
  await b.input.settled()
  expect(await b.event(hello.eventId)).toMatchObject({ verdict: 'accepted' })
  expect(b.input.repairs?.jobs).toEqual([])
})

/** Only those that waited for the first of them were, and the others stayed where they were until the room moved again. */
it('tries all events again that waited for several which come in at the same time', async () => {
  await using two = await cutOff()
  const { room, b } = two
  const fork = room.events.slice(4, 5)
  const wanted = [await room.message('1', { prev: fork }), await room.message('2', { prev: fork })]
  const waiting = await Promise.all(
    wanted.map((event) => room.message(`upon ${event.depth}`, { prev: [event] })),
  )
  for (const event of waiting) expect(await b.take(event, { origin: 'a' })).toMatchObject({ kind: 'missing' })
  await Promise.all(wanted.map((event) => b.take(event)))
  await b.input.settled()
  for (const { eventId } of waiting) expect(await b.event(eventId)).toMatchObject({ verdict: 'accepted' })
  expect(b.input.repairs?.jobs).toEqual([])
})

it('fetches nothing for a room that our users have left, until one of them comes back', async () => {
  await using two = await cutOff()
  const { room, a, b } = two
  const [fork] = room.events.slice(4, 5)
  const left = await room.member('@bob:b', '@bob:b', 'leave', fork && { prev: [fork] })
  await b.take(left)
  two.heal()
  expect(await b.take(two.event, { origin: 'a' })).toMatchObject({
    kind: 'refused',
    error: { code: 'NOT_ALLOWED', message: 'no user of this server is in the room any longer' },
  })
  expect(await b.storage.repairs('', 10)).toEqual([])
  await a.take(left)
  const back = await room.join('@bob:b', { prev: [two.event, left] })
  await a.take(back)
  expect(await b.take(back, { origin: 'a' })).toMatchObject({ verdict: 'accepted' })
})
