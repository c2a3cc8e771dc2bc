import { type FederationApi, InputKind } from '@roomserver/api'
import { type Pdu } from '@roomserver/events'
import { RoomBuilder } from '@roomserver/testing'
import { parseServerName, silentLogger, systemClock } from '@roomserver/types'
import { describe, expect, it } from 'vitest'
import { type AcceptanceCheck, type ArrivingEvent, createRoomserver } from '../src/index.ts'
import { Homeserver } from './homeserver.ts'
import { otherServer } from './other-server.ts'

/** A check that refuses events with `spam` in them, and what it was asked about. */
function checking() {
  const asked: ArrivingEvent[] = []
  const check: AcceptanceCheck['check'] = async (arriving) => {
    asked.push(arriving)
    // The later an event comes the sooner it is answered: the order has to hold all the same.
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, 20 - asked.length)))
    const isSpam = JSON.stringify(arriving.event.content).includes('spam')
    return isSpam ? { accepted: false, reason: 'looks like spam' } : { accepted: true }
  }
  return { asked, check }
}

/** A server with that check. */
async function setUp(more: Partial<AcceptanceCheck> = {}) {
  const { asked, check } = checking()
  const hs = await Homeserver.start({
    serverName: 'a',
    acceptance: { check, whenUnavailable: 'accept', ...more },
  })
  const room = await RoomBuilder.create({ version: '10' })
  await room.join('@bob:b')
  return { asked, hs, room }
}

/** Server `b` has all of a room, in which bob sends spam; ours has heard of the beginning, and may ask `b`. */
async function besideOther() {
  const parts = new AsyncDisposableStack()
  const { asked, check } = checking()
  const b = parts.use(await Homeserver.start({ serverName: 'b' }))
  const room = await RoomBuilder.create({ version: '10', creator: '@bob:b', roomId: '!far:b' })
  const beginning = [...room.events]
  const answers = await otherServer(b)
  const backfill: FederationApi['backfill'] = async ({ EventIDs }) => {
    const from = room.events.findIndex(({ eventId }) => EventIDs.includes(eventId))
    const pdus = room.events.slice(0, from + 1).map(({ json }) => json)
    return { ...(await answers.getEvent({ S: 'b', EventID: '$none' })), pdus: pdus.toReversed() }
  }
  const federation = { ...answers, backfill } as Partial<FederationApi> as FederationApi
  const acceptance = { check, whenUnavailable: 'refuse' } as const
  const hs = parts.use(await Homeserver.start({ serverName: 'a', federation, acceptance }))
  const api = createRoomserver({
    store: hs.storage,
    cache: hs.cache,
    input: hs.input,
    clock: systemClock,
    log: silentLogger,
    serverName: parseServerName('a'),
    signingKey: { server: 'a', keyId: 'ed25519:test', seed: 'A'.repeat(43) },
    federation,
  })
  const close = () => parts.disposeAsync()
  return { asked, hs, b, room, beginning, api, [Symbol.asyncDispose]: close }
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

  it('hears that an event was made here where no other server has sent it', async () => {
    const { asked, hs, room } = await setUp()
    await using _ = hs
    await hs.takeAll(room.events)
    for (const origin of ['', 'a', 'b'])
      await hs.take(await room.message(`from ${origin}`, { sender: '@alice:a' }), { origin })
    await hs.take(await room.message('of bob', { sender: '@bob:b' }), { origin: 'b' })
    expect(asked.slice(-4).map(({ isOurs }) => isOurs)).toEqual([true, true, false, false])
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

describe('every way into a room passes the check:', () => {
  const REFUSED = { verdict: 'soft-failed', rule: 'acceptance', reason: 'looks like spam' }

  it('a gap that is filled', async () => {
    await using servers = await besideOther()
    const { asked, b, beginning, hs, room } = servers
    const joined = [...beginning, await room.join('@alice:a')]
    const refused = await spam(room, '@bob:b')
    const next = await room.message('well', { sender: '@bob:b' })
    await b.takeAll(room.events)
    await hs.takeAll(joined)
    expect(await hs.take(next, { origin: 'b' })).toMatchObject({ verdict: 'accepted' })
    expect(await hs.event(refused.eventId)).toMatchObject(REFUSED)
    expect(asked.filter(({ event }) => event.eventId === refused.eventId)).toMatchObject([
      { kind: 'new', isOurs: false },
    ])
    expect(JSON.stringify(await hs.outputs())).not.toContain('buy spam')
  })

  it('history that is backfilled', async () => {
    await using servers = await besideOther()
    const { api, asked, b, beginning, hs, room } = servers
    const refused = await spam(room, '@bob:b')
    const before = await room.message('well', { sender: '@bob:b' })
    const join = await room.join('@alice:a')
    await b.takeAll(room.events)
    for (const event of beginning) await hs.take(event, { kind: InputKind.outlier })
    const state_event_ids = beginning.map(({ eventId }) => eventId)
    await hs.take(join, { has_state: true, state_event_ids })
    const { events } = await api.performBackfill({
      room_id: room.roomId,
      backwards_extremities: new Map([[join.eventId, [before.eventId]]]),
      limit: 100,
      server_name: 'a',
    })
    expect(events.map(({ eventId }) => eventId)).toContain(before.eventId)
    expect(await hs.event(refused.eventId)).toMatchObject(REFUSED)
    expect(asked.filter(({ event }) => event.eventId === refused.eventId)).toMatchObject([{ kind: 'old' }])
  })

  it('the join of a user of ours through another server', async () => {
    await using servers = await besideOther()
    const { asked, b, beginning, hs, room } = servers
    const join = await room.member('@alice:a', '@alice:a', 'join', {
      content: { membership: 'join', displayname: 'spam' },
    })
    await b.takeAll(room.events)
    for (const event of beginning) await hs.take(event, { kind: InputKind.outlier })
    const given = { has_state: true, state_event_ids: beginning.map(({ eventId }) => eventId), origin: 'a' }
    expect(await hs.take(join, given)).toMatchObject({
      kind: 'refused',
      error: { code: 'NOT_ALLOWED', details: { rule: 'acceptance' } },
    })
    // State that comes beside it is not asked about, and nobody is in the room.
    expect(asked.map(({ event }) => event.eventId)).toEqual([join.eventId])
    expect(await hs.event(join.eventId)).toBeUndefined()
    expect(await hs.storage.roomsOfUser('@alice:a')).toEqual([])
  })
})
