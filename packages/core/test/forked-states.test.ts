import { InputKind } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import { RoomBuilder } from '@roomserver/testing'
import type { SnapshotNid } from '@roomserver/types'
import { expect, it } from 'vitest'
import { Homeserver } from './homeserver.ts'

/** Near so many entries a state is one that is put together as a whole, if a change takes in all below that is not much larger. */
const MEMBERS = 377
const FORKS = 40

/** How many entries the blocks have that the states after some events consist of, each block counted once. */
async function entriesAfter(hs: Homeserver, events: readonly Pdu[]): Promise<number> {
  const records = await hs.storage.eventsById(events.map(({ eventId }) => eventId))
  return entriesIn(
    hs,
    records.map(({ after }) => after),
  )
}

async function entriesIn({ storage }: Homeserver, states: readonly SnapshotNid[]): Promise<number> {
  const snapshots = await storage.snapshots([...new Set(states)])
  const blocks = await storage.blocks([...new Set(snapshots.flatMap((snapshot) => snapshot.blocks))])
  return blocks.reduce((sum, { entries }) => sum + entries.length / 3, 0)
}

// Whoever may send a state event can send many that all name the same prev event, of their own choice. Where its state
// was about to be put together, each of them had the whole room stored once more.
it('stores a small part of the state for each of many events that build upon the same one', async () => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  const extremities: Pdu[] = []
  for (let i = 0; i < MEMBERS; i++) extremities.push(await room.join(`@user${i}:c`))
  await hs.takeAll(room.events)

  const forks: Pdu[] = []
  for (const end of extremities.slice(-8)) {
    const own: Pdu[] = []
    for (let i = 0; i < FORKS; i++) {
      own.push(await room.state('org.example.setting', `${i}`, { of: end.eventId }, { prev: [end] }))
    }
    // Of another time than the present, so that no current state is worked out of all of them.
    for (const fork of own) await hs.take(fork, { kind: InputKind.old })
    forks.push(...own)
  }
  expect(await entriesAfter(hs, forks)).toBeLessThan(forks.length * 10 + MEMBERS * 4)
  // What is merged for several of them is looked for before it is stored.
  expect(hs.input.counters.conflicts).toBe(0)
})

it('stores the current state of many branches by what the latest event changed of it', async () => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  await hs.takeAll(room.events)
  const prev = room.extremities
  const states: SnapshotNid[] = []
  for (let i = 0; i < 120; i++) {
    await hs.take(await room.state('org.example.setting', `${i}`, { i }, { prev }))
    states.push((await hs.room(room.roomId)).current)
  }
  expect(await hs.current(room.roomId)).toEqual(room.events.map(({ eventId }) => eventId).toSorted())
  expect(await entriesIn(hs, states)).toBeLessThan(states.length * 12)
})
