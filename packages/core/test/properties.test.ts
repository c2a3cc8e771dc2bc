import type { Pdu } from '@roomserver/events'
import { RoomBuilder } from '@roomserver/testing'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Homeserver, type Output } from './homeserver.ts'

const USERS = ['@alice:a', '@bob:b', '@carol:c']

/** One step of a made-up history: who does what, on top of which of the events so far. */
const step = fc.record({
  who: fc.nat({ max: 2 }),
  what: fc.constantFrom('message', 'topic', 'join', 'leave', 'ban', 'levels', 'redact'),
  on: fc.array(fc.nat({ max: 30 }), { minLength: 1, maxLength: 3 }),
  value: fc.nat({ max: 100 }),
})
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

async function build(version: string, steps: readonly Step[]): Promise<RoomBuilder> {
  const room = await RoomBuilder.create({ version })
  const start = room.events.length - 1
  for (const { who, what, on, value } of steps) {
    const tail = room.events.slice(start)
    const prev = [...new Set(on.map((at) => tail[tail.length - 1 - (at % tail.length)] as Pdu))]
    const sender = USERS[who] as string
    const other = USERS[value % 3] as string
    if (what === 'message') await room.message(`${value}`, { prev, sender })
    else if (what === 'topic') await room.state('m.room.topic', '', { topic: `${value}` }, { prev, sender })
    else if (what === 'join') await room.join(sender, { prev })
    else if (what === 'levels') {
      const users = { '@alice:a': 100, [other]: value }
      await room.state('m.room.power_levels', '', { users }, { prev, sender })
    } else if (what === 'redact') await room.redact(tail[value % tail.length] as Pdu, { prev, sender })
    else await room.member(sender, other, what, { prev })
  }
  return room
}

/** Some order in which every event comes after those that it builds on. */
function shuffled(events: readonly Pdu[], random: (below: number) => number): readonly Pdu[] {
  const left = new Set(events)
  const there = new Set<string>()
  const order: Pdu[] = []
  while (left.size > 0) {
    const ready = [...left].filter((event) =>
      [...event.prevEvents, ...event.authEvents].every((id) => there.has(id)),
    )
    const next = ready[random(ready.length)] as Pdu
    left.delete(next)
    there.add(next.eventId)
    order.push(next)
  }
  return order
}

function seeded(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7f_ff_ff_ff
    return (state >>> 8) % below
  }
}

/** Plays outputs as a consumer does: the current state by their lists, and whether they follow on each other. */
function follow(outputs: readonly Output[]): ReadonlySet<string> {
  const state = new Set<string>()
  let last = ''
  for (const { new_room_event: output } of outputs) {
    if (output === undefined) continue
    expect(output.last_sent_event_id).toBe(last)
    last = output.event._event_id
    for (const id of output.removes_state_event_ids ?? []) expect(state.delete(id)).toBe(true)
    for (const id of output.adds_state_event_ids ?? []) state.add(id)
  }
  return state
}

const histories = fc.array(step, { minLength: 3, maxLength: 25 })

it.each(['1', '2', '10', '12'])(
  'ends with the same room whatever the order of arrival, and consumers see it, in version %s',
  async (version) => {
    await fc.assert(
      fc.asyncProperty(histories, fc.integer({ min: 1, max: 1e9 }), async (steps, seed) => {
        const room = await build(version, steps)
        const results: unknown[] = []
        for (const events of [room.events, shuffled(room.events, seeded(seed))]) {
          await using hs = await Homeserver.start()
          // Soft failure depends on the order by its nature; what stays is told by the verdicts on the graph.
          const outcomes = await Promise.all(events.map((event) => hs.take(event)))
          expect(outcomes.every((outcome) => outcome.kind === 'stored')).toBe(true)
          const current = await hs.current(room.roomId)
          expect([...follow(await hs.outputs())].toSorted()).toEqual(current)
          const stored = await hs.storage.eventsById(room.events.map((event) => event.eventId))
          const after = new Map<string, readonly string[]>()
          for (const { eventId, after: state } of stored) after.set(eventId, await hs.stateAt(state))
          const rejected = stored.filter((event) => event.verdict.startsWith('rejected'))
          results.push({
            rejected: rejected.map((event) => event.eventId).toSorted(),
            after,
          })
          const soft = stored.some((event) => event.verdict === 'soft-failed')
          if (!soft) results.push({ current })
        }
        const [first, second] = results.filter((result) => (result as { after?: unknown }).after)
        expect(second).toEqual(first)
        const currents = results.filter((result) => (result as { current?: unknown }).current)
        if (currents.length === 2) expect(currents[1]).toEqual(currents[0])
      }),
      { numRuns: 25, endOnFailure: true },
    )
  },
)
