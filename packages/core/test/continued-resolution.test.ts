import type { Pdu } from '@roomserver/events'
import { resolveState, stateMap } from '@roomserver/state'
import { RoomBuilder } from '@roomserver/testing'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Homeserver } from './homeserver.ts'

const OTHERS = ['@bob:b', '@carol:c', '@dave:d']

/** One step of a room that forks: who does what, on top of which of the events so far. */
const step = fc.record({
  who: fc.nat({ max: 3 }),
  what: fc.constantFrom('setting', 'topic', 'join', 'leave', 'ban', 'levels', 'message', 'redact'),
  on: fc.nat({ max: 5 }),
  merges: fc.boolean(),
  value: fc.nat({ max: 100 }),
})
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

async function send(room: RoomBuilder, start: number, { who, what, on, merges, value }: Step): Promise<void> {
  const tail = room.events.slice(start)
  // Mostly beside all others, sometimes on top of one or of two of them.
  const at = (place: number) => tail[on > 2 ? (value + place) % tail.length : 0] as Pdu
  const prev = [...new Set(merges && on > 4 ? [at(0), at(1)] : [at(0)])]
  const sender = ['@alice:a', ...OTHERS][who] as string
  const other = OTHERS[value % 3] as string
  if (what === 'message') await room.message(`${value}`, { prev, sender })
  else if (what === 'topic') await room.state('m.room.topic', '', { topic: `${value}` }, { prev, sender })
  else if (what === 'setting') await room.state('org.example', `${value}`, {}, { prev, sender })
  else if (what === 'join') await room.join(sender, { prev })
  else if (what === 'redact') await room.redact(tail[value % tail.length] as Pdu, { prev, sender })
  else if (what === 'levels') {
    const users = { '@alice:a': 100, [other]: value }
    await room.state('m.room.power_levels', '', { users, state_default: value % 2 }, { prev, sender })
  } else await room.member(sender, other, what, { prev })
}

const histories = fc.array(step, { minLength: 30, maxLength: 45 })

it.each(['2', '6', '10', '11'])(
  'has at many forward extremities the current state that a resolution of them from scratch comes to, in version %s',
  async (version) => {
    await fc.assert(
      fc.asyncProperty(histories, async (steps) => {
        const room = await RoomBuilder.create({ version })
        for (const user of OTHERS) await room.join(user)
        const start = room.events.length - 1
        for (const one of steps) await send(room, start, one)
        await using hs = await Homeserver.start()
        const events = new Map(room.events.map((event) => [event.eventId, event]))
        for (const [index, event] of room.events.entries()) {
          await hs.take(event)
          if (index < start + 12) continue
          const stored = await hs.storage.eventsById(await hs.extremities(room.roomId))
          const states = await Promise.all(stored.map(({ after }) => hs.stateAt(after)))
          const sets = states.map((ids) =>
            stateMap(
              ids
                .map((id) => events.get(id) as Pdu)
                .map((pdu) => [pdu.type, pdu.stateKey ?? '', pdu.eventId]),
            ),
          )
          const { state } = resolveState(sets, { version, events: (id) => events.get(id) })
          const expected = [...state.values()].flatMap((keys) => [...keys.values()]).toSorted()
          expect(await hs.current(room.roomId)).toEqual(expected)
        }
      }),
      { numRuns: 6, endOnFailure: true },
    )
  },
)

it('tells whoever measures resolutions of those that go on from the one before, too', async () => {
  const room = await RoomBuilder.create({ version: '10' })
  const prev = room.extremities
  for (let number = 0; number < 24; number++)
    await room.state('m.room.topic', '', { topic: `${number}` }, { prev })
  await using hs = await Homeserver.start()
  let resolutions = 0
  hs.cache.onResolved = () => resolutions++
  const told: number[] = []
  for (const event of room.events) {
    const before = resolutions
    await hs.take(event)
    told.push(resolutions - before)
  }
  // The first of the topics stands alone; each further one meets those before it.
  expect(told).toEqual(room.events.map((_event, at) => (at > room.events.length - 24 ? 1 : 0)))
})
