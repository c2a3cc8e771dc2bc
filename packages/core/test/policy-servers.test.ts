import { type Pdu, withPolicySignature } from '@roomserver/events'
import { type RoomBuilder, TestPolicyServer } from '@roomserver/testing'
import { NO_NID } from '@roomserver/types'
import { describe, expect, it } from 'vitest'
import { type InputDeps, type PolicyLimits, renderOutput } from '../src/index.ts'
import { acceptIfSoftFailed } from '../src/reevaluate/accept-soft-failed.ts'
import { Homeserver } from './homeserver.ts'
import { policyRoom, signaturesOf } from './policy-rooms.ts'

/** Server `c` with a user in a room whose policy server is `p`. */
async function setUp({
  limits,
  deps,
  version,
}: {
  readonly limits?: Partial<PolicyLimits>
  readonly deps?: Partial<InputDeps>
  readonly version?: string
} = {}) {
  const policy = await TestPolicyServer.start()
  const room = await policyRoom(policy, version)
  const hs = await Homeserver.start({
    serverName: 'c',
    policyServers: policy,
    policyLimits: limits,
    clock: { now: () => 1_800_000_000_000 },
    ...deps,
  })
  await hs.takeAll(room.events)
  const carol = await room.join('@carol:c')
  await hs.take(carol, { origin: 'c' })
  policy.asked.length = 0
  return { policy, room, hs, carol }
}

const bob = (room: RoomBuilder, body = 'hello') => room.message(body, { sender: '@bob:b' })

async function signed(policy: TestPolicyServer, event: Pdu): Promise<Pdu> {
  const signature = await policy.signatureFor(event.json, event.rules.version)
  return withPolicySignature(event, policy.server, signature)
}

async function announced(hs: Homeserver, event: Pdu): Promise<number> {
  const outputs = (await hs.storage.outputs(0, 10_000)).map((output) => renderOutput(output))
  return outputs.filter(
    (text) => text.includes('"new_room_event"') && text.includes(`"_event_id":"${event.eventId}"`),
  ).length
}

describe('an event of another server, in a room with a policy server', () => {
  it('is taken with the signature that it comes with, and nobody is asked', async () => {
    const { policy, room, hs } = await setUp()
    await using _ = hs
    expect(await hs.take(await signed(policy, await bob(room)))).toMatchObject({ verdict: 'accepted' })
    expect(policy.asked).toEqual([])
  })

  it.each(['1', '6', '12'])(
    'gets a signature where it has none, which is stored and sent on: version %s',
    async (version) => {
      const { policy, room, hs } = await setUp({ version })
      await using _ = hs
      const event = await bob(room)
      expect(await hs.take(event)).toMatchObject({ verdict: 'accepted' })
      expect(policy.asked).toEqual([event.eventId])
      const stored = signaturesOf((await hs.event(event.eventId))?.json ?? '')
      expect(stored).toMatchObject({ p: { 'ed25519:policy_server': expect.any(String) } })
      expect(stored).toMatchObject(signaturesOf(event.json))
      expect(Object.keys(stored['p'] ?? {})).toEqual(['ed25519:policy_server'])
      const last = (await hs.storage.outputs(0, 10_000)).at(-1)
      expect(last && renderOutput(last)).toContain('ed25519:policy_server')
    },
  )

  it('asks for a new signature where the one that it has is by an older key', async () => {
    const { policy, room, hs } = await setUp()
    await using _ = hs
    const older = await TestPolicyServer.start('p', 'C')
    const event = await signed(older, await bob(room))
    expect(await hs.take(event)).toMatchObject({ verdict: 'accepted' })
    expect(policy.asked).toEqual([event.eventId])
  })

  it.each([
    ['refuse', 'looks like spam'],
    ['lie', 'did not sign the event with the key of the room'],
    ['other-signatures', 'did not sign the event with the key of the room'],
    ['die', 'cannot be reached'],
  ] as const)('fails softly where the policy server does not sign it: %s', async (action, reason) => {
    const { policy, room, hs } = await setUp()
    await using _ = hs
    policy.action = () => action
    const event = await bob(room)
    const extremities = await hs.extremities(room.roomId)
    expect(await hs.take(event)).toMatchObject({
      kind: 'stored',
      verdict: 'soft-failed',
      rule: 'policy-server',
      reason: expect.stringContaining(reason),
    })
    expect(await hs.extremities(room.roomId)).toEqual(extremities)
    expect(await announced(hs, event)).toBe(0)
  })

  it('is not asked about where the rules do not allow the event anyway', async () => {
    const { policy, room, hs } = await setUp()
    await using _ = hs
    await hs.take(await signed(policy, await room.member('@alice:a', '@bob:b', 'ban')))
    const evading = await room.message('x', { sender: '@bob:b', prev: [room.events[4] as Pdu] })
    expect(await hs.take(evading)).toMatchObject({ verdict: 'soft-failed' })
    const forbidden = await room.state('m.room.name', '', {}, { sender: '@mallory:m' })
    expect(await hs.take(forbidden)).toMatchObject({ verdict: 'rejected-by-auth-events' })
    expect(policy.asked).toEqual([])
  })

  it('needs no signature where it is old: the policy server of today has no say in history', async () => {
    const { policy, room, hs } = await setUp()
    await using _ = hs
    policy.action = () => 'refuse'
    const event = await bob(room)
    expect(await hs.take(event, { kind: 3 })).toMatchObject({ verdict: 'accepted' })
    expect(policy.asked).toEqual([])
  })

  it('has the events that build on it wait, and not fetched from elsewhere', async () => {
    const { policy, room, hs } = await setUp({
      deps: { fetchMissing: () => Promise.reject(new Error('nothing is missing')) },
    })
    await using _ = hs
    const events = [await bob(room, '1'), await bob(room, '2'), await bob(room, '3')]
    const outcomes = await Promise.all(events.map((event) => hs.take(event)))
    expect(outcomes).toMatchObject([
      { verdict: 'accepted' },
      { verdict: 'accepted' },
      { verdict: 'accepted' },
    ])
    expect(policy.asked).toEqual(events.map(({ eventId }) => eventId))
  })
})

describe('one of our own events', () => {
  it('is refused in the words of the policy server, and not stored', async () => {
    const { policy, room, hs } = await setUp()
    await using _ = hs
    policy.action = () => 'refuse'
    const event = await room.message('buy now', { sender: '@carol:c' })
    const answer = await hs.input.inputRoomEvents({
      input_room_events: [
        {
          kind: 2,
          event: { roomVersion: '11', eventId: event.eventId, json: event.json },
          origin: 'c',
          has_state: false,
          state_event_ids: [],
          send_as_server: 'c',
          transaction_id: null,
        },
      ],
      async: false,
    })
    expect(answer.ErrMsg).toBe('looks like spam')
    expect(await hs.event(event.eventId)).toBeUndefined()
  })

  it('is refused in no more words than are worth keeping', async () => {
    const { policy, room, hs } = await setUp()
    await using _ = hs
    policy.action = () => 'refuse'
    policy.words = 'spam'.repeat(100_000)
    const outcome = await hs.take(await room.message('x', { sender: '@bob:b' }))
    expect(outcome).toMatchObject({ verdict: 'soft-failed', reason: policy.words.slice(0, 4_096) })
  })

  it('goes out with the signature', async () => {
    const { room, hs } = await setUp()
    await using _ = hs
    const event = await room.message('hello', { sender: '@carol:c' })
    expect(await hs.take(event, { origin: 'c', send_as_server: 'c' })).toMatchObject({ verdict: 'accepted' })
    const stored = signaturesOf((await hs.event(event.eventId))?.json ?? '')
    expect(Object.keys(stored)).toEqual(['c', 'p'])
  })

  // Another server gives back what we lost with our database: refused, all that builds on it would be missing for ever.
  it('fails softly where another server gives it back to us', async () => {
    const { policy, room, hs } = await setUp()
    await using _ = hs
    policy.action = () => 'refuse'
    const event = await room.message('long ago', { sender: '@carol:c' })
    expect(await hs.take(event, { origin: 'b' })).toMatchObject({ verdict: 'soft-failed' })
  })
})

describe('the policy server', () => {
  it('has no say in the event that names it, and has in all others', async () => {
    const { policy, room, hs } = await setUp()
    await using _ = hs
    policy.action = () => 'refuse'
    const other = await TestPolicyServer.start('p', 'C')
    expect(await hs.take(await room.state('m.room.policy', 'x', {}))).toMatchObject({
      verdict: 'soft-failed',
    })
    expect(
      await hs.take(
        await room.state('m.room.policy', '', other.content, { prev: [room.events.at(-2) as Pdu] }),
      ),
    ).toMatchObject({ verdict: 'accepted' })
    expect(policy.asked).toHaveLength(1)
  })

  it.each([
    [
      'has no user in the room any more',
      async (room: RoomBuilder, policy: TestPolicyServer) =>
        signed(policy, await room.member('@guard:p', '@guard:p', 'leave')),
    ],
    ['is not named any more', (room: RoomBuilder) => room.state('m.room.policy', '', {})],
    ['is named without a key', (room: RoomBuilder) => room.state('m.room.policy', '', { via: 'p' })],
  ])('is not asked when it %s', async (_what, change) => {
    const { policy, room, hs } = await setUp()
    await using _ = hs
    expect(await hs.take(await change(room, policy))).toMatchObject({ verdict: 'accepted' })
    policy.asked.length = 0
    policy.action = () => 'refuse'
    expect(await hs.take(await bob(room))).toMatchObject({ verdict: 'accepted' })
    expect(policy.asked).toEqual([])
  })

  it('is not asked any more when the event that names it is redacted', async () => {
    const { policy, room, hs } = await setUp()
    await using _ = hs
    const named = room.events.find(({ type }) => type === 'm.room.policy') as Pdu
    expect(await hs.take(await signed(policy, await room.redact(named)))).toMatchObject({
      verdict: 'accepted',
    })
    policy.action = () => 'refuse'
    expect(await hs.take(await bob(room))).toMatchObject({ verdict: 'accepted' })
    expect(policy.asked).toEqual([])
  })

  it('counts again when a user of it comes back', async () => {
    const { policy, room, hs } = await setUp()
    await using _ = hs
    await hs.take(await signed(policy, await room.member('@guard:p', '@guard:p', 'leave')))
    await hs.take(await room.join('@second:p'))
    policy.action = () => 'refuse'
    expect(await hs.take(await bob(room))).toMatchObject({ verdict: 'soft-failed' })
  })

  it('holds answers back no longer than it may, and is then left alone for a while', async () => {
    let now = 1_800_000_000_000
    const { policy, room, hs } = await setUp({
      limits: { timeoutMs: 20, restMs: 60_000 },
      deps: { clock: { now: () => now } },
    })
    await using _ = hs
    policy.action = () => 'hang'
    const before = room.events.at(-1) as Pdu
    const spread = async (body: string) => room.message(body, { sender: '@bob:b', prev: [before] })
    expect(await hs.take(await spread('1'))).toMatchObject({
      verdict: 'soft-failed',
      reason: expect.stringContaining('cannot be reached'),
    })
    policy.action = () => 'sign'
    expect(await hs.take(await spread('2'))).toMatchObject({ verdict: 'soft-failed' })
    expect(policy.asked).toHaveLength(1)
    now += 60_001
    expect(await hs.take(await spread('3'))).toMatchObject({ verdict: 'accepted' })
  })

  it('is asked about so many events of a room at once, and so many wait', async () => {
    const { policy, room, hs } = await setUp({ limits: { atOncePerRoom: 2, maxWaitingPerRoom: 3 } })
    await using _ = hs
    const before = room.events.at(-1) as Pdu
    const events: Pdu[] = []
    for (let i = 0; i < 10; i++) events.push(await room.message(`${i}`, { sender: '@bob:b', prev: [before] }))
    let open = () => undefined as void
    policy.gate = new Promise((resolve) => (open = resolve))
    const taken = events.map((event) => hs.take(event))
    await expect.poll(() => hs.input.policyCounts.unreachable).toBe(5)
    open()
    const outcomes = await Promise.all(taken)
    expect(policy.mostAtOnce).toBe(2)
    const accepted = outcomes.filter((outcome) => outcome.kind === 'stored' && outcome.verdict === 'accepted')
    expect(accepted).toHaveLength(5)
  })

  it('lets events pass while it is away where the operator wants that, and says no more than before', async () => {
    const { policy, room, hs } = await setUp({ limits: { whenUnreachable: 'accept' } })
    await using _ = hs
    const before = room.events.at(-1) as Pdu
    policy.action = () => 'refuse'
    expect(await hs.take(await room.message('1', { sender: '@bob:b', prev: [before] }))).toMatchObject({
      verdict: 'soft-failed',
    })
    policy.action = () => 'die'
    expect(await hs.take(await room.message('2', { sender: '@bob:b', prev: [before] }))).toMatchObject({
      verdict: 'accepted',
    })
    expect(await hs.take(await room.message('3', { sender: '@carol:c' }), { origin: 'c' })).toMatchObject({
      verdict: 'accepted',
    })
  })

  it('counts as unreachable where there is no way to ask it', async () => {
    const { policy, room, hs } = await setUp({ deps: { policyServers: undefined } })
    await using _ = hs
    // Carol's own join was refused for want of a signature.
    expect(await hs.take(await signed(policy, room.events.at(-1) as Pdu))).toMatchObject({
      verdict: 'accepted',
    })
    expect(await hs.take(await bob(room))).toMatchObject({ verdict: 'soft-failed' })
  })
})

describe('an event that failed softly for want of a signature', () => {
  async function failed() {
    const all = await setUp()
    const { policy, room, hs } = all
    policy.action = () => 'refuse'
    const event = await bob(room)
    expect(await hs.take(event)).toMatchObject({ verdict: 'soft-failed' })
    return { ...all, event }
  }

  it('is let in and announced when it comes again with one', async () => {
    const { policy, hs, room, event } = await failed()
    await using _ = hs
    const later = await bob(room, 'on top')
    policy.action = () => 'sign'
    expect(await hs.take(await signed(policy, event))).toMatchObject({ kind: 'stored', verdict: 'accepted' })
    expect(await announced(hs, event)).toBe(1)
    expect(await hs.extremities(room.roomId)).toContain(event.eventId)
    expect(signaturesOf((await hs.event(event.eventId))?.json ?? '')).toHaveProperty('p')
    expect(await hs.take(later)).toMatchObject({ verdict: 'accepted' })
    expect(await hs.take(await signed(policy, event))).toMatchObject({ verdict: 'accepted', known: true })
    expect(await announced(hs, event)).toBe(1)
  })

  it('stays out when it comes again as it was, or with a signature that is not good; nobody is asked again', async () => {
    const { policy, hs, event } = await failed()
    await using _ = hs
    policy.asked.length = 0
    policy.action = () => 'sign'
    expect(await hs.take(event)).toMatchObject({ verdict: 'soft-failed', known: true })
    const wrong = withPolicySignature(event, 'p', 'A'.repeat(86))
    expect(await hs.take(wrong)).toMatchObject({ verdict: 'soft-failed', known: true })
    expect(policy.asked).toEqual([])
  })

  it('is let in when the room does without a policy server from then on', async () => {
    const { hs, room, event } = await failed()
    await using _ = hs
    await hs.take(await room.state('m.room.policy', '', {}, { prev: [room.events.at(-2) as Pdu] }))
    await hs.input.settled()
    expect(await hs.event(event.eventId)).toMatchObject({ verdict: 'accepted' })
    expect(await announced(hs, event)).toBe(1)
  })

  it.each([
    ['accepted', 'sign'],
    ['soft-failed', 'refuse'],
  ] as const)(
    'is %s when the room names another key, and that policy server does: %s',
    async (verdict, action) => {
      const { policy, hs, room, event } = await failed()
      await using _ = hs
      await policy.rotate('C')
      policy.action = () => action
      await hs.take(
        await room.state('m.room.policy', '', policy.content, { prev: [room.events.at(-2) as Pdu] }),
      )
      await hs.input.settled()
      expect(await hs.event(event.eventId)).toMatchObject({ verdict })
      expect(policy.asked.filter((id) => id === event.eventId)).toHaveLength(2)
      expect(await announced(hs, event)).toBe(verdict === 'accepted' ? 1 : 0)
    },
  )

  it('stays out where the rules forbid it by now', async () => {
    const { policy, hs, room, event } = await failed()
    await using _ = hs
    const ban = await room.member('@alice:a', '@bob:b', 'ban', { prev: [room.events.at(-2) as Pdu] })
    expect(await hs.take(await signed(policy, ban))).toMatchObject({ verdict: 'accepted' })
    expect(await hs.take(await signed(policy, event))).toMatchObject({ verdict: 'soft-failed' })
    expect(await announced(hs, event)).toBe(0)
  })
})

describe('an event that the current state allows only later', () => {
  it.each([
    ['sign', 'accepted', 1],
    ['refuse', 'soft-failed', 0],
  ] as const)('is shown to the policy server then, and not before: %s', async (action, verdict, times) => {
    const { policy, room, hs } = await setUp()
    await using _ = hs
    const before = room.extremities
    const speak = await room.message('x', { sender: '@bob:b', prev: before })
    const steps = [
      await room.member('@alice:a', '@bob:b', 'ban', { prev: before }),
      await room.member('@alice:a', '@bob:b', 'leave', { prev: [room.events.at(-1) as Pdu] }),
      await room.member('@bob:b', '@bob:b', 'join', { prev: [room.events.at(-1) as Pdu] }),
    ]
    await hs.take(await signed(policy, steps[0] as Pdu))
    expect(await hs.take(speak)).toMatchObject({ verdict: 'soft-failed' })
    for (const step of steps.slice(1)) await hs.take(await signed(policy, step))
    expect(policy.asked).toEqual([])
    policy.action = () => action
    const nid = (await hs.event(speak.eventId))?.nid ?? NO_NID
    await hs.input.runTask({
      roomId: room.roomId,
      version: room.rules.version,
      name: 'judging again, as when history comes',
      bytes: 1,
      decide: (draft) => acceptIfSoftFailed(draft, nid),
    })
    await hs.input.settled()
    expect(policy.asked).toEqual([speak.eventId])
    expect(await hs.event(speak.eventId)).toMatchObject({ verdict })
    expect(await announced(hs, speak)).toBe(times)
  })
})
