import { type Pdu } from '@roomserver/events'
import { RoomBuilder } from '@roomserver/testing'
import { describe, expect, it } from 'vitest'
import type { AcceptanceCheck, ArrivingEvent } from '../src/index.ts'
import { Homeserver } from './homeserver.ts'

/** A server whose check refuses messages with `spam` in them. */
async function setUp(more: Partial<AcceptanceCheck> = {}) {
  const asked: ArrivingEvent[] = []
  const check: AcceptanceCheck['check'] = async (arriving) => {
    asked.push(arriving)
    // The later an event comes the sooner it is answered: the order has to hold all the same.
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, 20 - asked.length)))
    const isSpam = JSON.stringify(arriving.event.content).includes('spam')
    return isSpam ? { accepted: false, reason: 'looks like spam' } : { accepted: true }
  }
  const hs = await Homeserver.start({
    serverName: 'a',
    acceptance: { check, whenUnavailable: 'accept', ...more },
  })
  const room = await RoomBuilder.create({ version: '10' })
  await room.join('@bob:b')
  return { asked, hs, room }
}

const spam = (room: RoomBuilder, sender: string): Promise<Pdu> => room.message('buy spam', { sender })

describe('the acceptance check', () => {
  it('is asked about every event of a request, which are decided in the order in which they came', async () => {
    const { asked, hs, room } = await setUp()
    await using _ = hs
    await room.message('hello')
    const events = room.events.map((event) => hs.take(event, { origin: 'b' }))
    expect(
      (await Promise.all(events)).map((outcome) => outcome.kind === 'stored' && outcome.verdict),
    ).toEqual(room.events.map(() => 'accepted'))
    expect(asked.map(({ event }) => event.eventId)).toEqual(room.events.map(({ eventId }) => eventId))
  })

  it('has events of other servers fail softly: they are stored, and later ones build on them', async () => {
    const { hs, room } = await setUp()
    await using _ = hs
    await hs.takeAll(room.events)
    const refused = await spam(room, '@bob:b')
    expect(await hs.take(refused, { origin: 'b' })).toMatchObject({
      kind: 'stored',
      verdict: 'soft-failed',
      rule: 'acceptance',
      reason: 'looks like spam',
    })
    const after = await room.message('well', { sender: '@bob:b' })
    expect(await hs.take(after, { origin: 'b' })).toMatchObject({ verdict: 'accepted' })
  })

  it('refuses events of users of this server, and stores nothing', async () => {
    const { hs, room } = await setUp()
    await using _ = hs
    await hs.takeAll(room.events)
    const refused = await spam(room, '@alice:a')
    expect(await hs.take(refused, { origin: 'a' })).toMatchObject({
      kind: 'refused',
      error: { code: 'NOT_ALLOWED', details: { rule: 'acceptance', reason: 'looks like spam' } },
    })
    expect(await hs.storage.eventsById([refused.eventId])).toEqual([])
  })

  it('is asked about history as well', async () => {
    const { asked, hs, room } = await setUp()
    await using _ = hs
    await hs.takeAll(room.events)
    const old = await spam(room, '@bob:b')
    expect(await hs.take(old, { kind: 3, origin: 'b' })).toMatchObject({
      verdict: 'soft-failed',
      rule: 'acceptance',
    })
    expect(asked.at(-1)).toMatchObject({ kind: 'old', isOurs: false })
  })

  it.each([
    ['fails', () => Promise.reject(new Error('broken'))],
    ['does not answer', () => new Promise<never>(() => undefined)],
    ['gives something else', async () => true as never],
  ] as const)('that %s lets events in or not, as configured', async (_what, check) => {
    for (const [whenUnavailable, verdict] of [
      ['accept', 'accepted'],
      ['refuse', 'soft-failed'],
    ] as const) {
      const state = { isBroken: false }
      const { hs, room } = await setUp({
        check: () => (state.isBroken ? check() : { accepted: true }),
        timeoutMs: 20,
        whenUnavailable,
      })
      await using _ = hs
      await hs.takeAll(room.events)
      state.isBroken = true
      const event = await room.message('hello', { sender: '@bob:b' })
      expect(await hs.take(event, { origin: 'b' })).toMatchObject({ verdict })
    }
  })

  it('is waited for when the server stops: what it was asked about is decided before', async () => {
    const { hs, room } = await setUp()
    await using _ = hs
    const taken = Promise.all(room.events.map((event) => hs.take(event, { origin: 'b' })))
    await hs.input.close()
    expect(await hs.extremities(room.roomId)).toEqual([room.events.at(-1)?.eventId])
    expect((await taken).every((outcome) => outcome.kind === 'stored')).toBe(true)
    await expect(hs.take(await room.message('late'))).rejects.toMatchObject({ code: 'SHUTTING_DOWN' })
  })

  it('is told when its time is over', async () => {
    const signals: AbortSignal[] = []
    const { hs, room } = await setUp({
      check: (_event, signal) => {
        signals.push(signal)
        return new Promise<never>(() => undefined)
      },
      timeoutMs: 10,
    })
    await using _ = hs
    await hs.take(room.events[0] as Pdu)
    expect(signals.map(({ aborted }) => aborted)).toEqual([true])
  })
})
