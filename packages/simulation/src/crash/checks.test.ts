import { filled, InputKind, InputRoomEvent } from '@roomserver/api'
import { createInput, RecordCache, renderOutput } from '@roomserver/core'
import type { Pdu } from '@roomserver/events'
import { openStorage, type Storage } from '@roomserver/storage'
import { silentLogger, systemClock } from '@roomserver/types'
import { expect, it } from 'vitest'
import { seededRandom } from '@roomserver/testing/reference-resolution'
import { checkEvents, missingEvents, type StoredHistory, storedHistory } from './check-events.ts'
import { checkOutputs, type NumberedOutput, type StoredRoom } from '../oracle/check-outputs.ts'
import { randomHistory } from './history.ts'
import { storedStates } from './stored-states.ts'

/** A room as a server in this process stores it. */
async function stored(seed: number): Promise<{
  storage: Storage
  history: readonly Pdu[]
  found: StoredHistory
  room: StoredRoom
  outputs: readonly NumberedOutput[]
}> {
  const { events } = await randomHistory(`r${seed}.test`, 30, seededRandom(seed))
  const storage = await openStorage({ dialect: 'sqlite', file: ':memory:' })
  const cache = new RecordCache(storage, 1_000_000)
  const deps = {
    store: storage,
    cache,
    clock: systemClock,
    log: silentLogger,
    serverName: 'a',
    acceptsEventsForDepartedRooms: true,
  }
  const input = createInput(deps)
  for (const { eventId, json, rules } of events) {
    const event = { roomVersion: rules.version, eventId, json }
    await input.ingest(filled(InputRoomEvent, { kind: InputKind.new, event }))
  }
  await input.close()
  const found = await storedHistory(storage, events)
  if (found === undefined) throw new Error('no room')
  const rows = await storage.outputs(0, 1_000)
  const states = await storedStates(storage, [found.room.current])
  return {
    storage,
    history: events,
    found,
    room: {
      room: found.room,
      events: [...found.events.values()],
      current: states.get(found.room.current) ?? [],
    },
    outputs: rows.map((row) => ({ seq: row.seq, payload: renderOutput(row) })),
  }
}

const SEEDS = Array.from({ length: 12 }, (_, index) => index + 1)

it.each(SEEDS)('finds nothing in a room that was taken in without a fault (seed %i)', async (seed) => {
  const { storage, history, found, room, outputs } = await stored(seed)
  expect(await missingEvents(storage, history)).toEqual([])
  expect(await checkEvents(storage, history, found)).toEqual([])
  expect(checkOutputs(room, outputs)).toEqual([])
})

it('finds what is lost, doubled or out of order', async () => {
  const { storage, history, found, room: whole, outputs } = await stored(1)
  const check = (list: readonly NumberedOutput[]) => checkOutputs(whole, list).join('\n')
  expect(check(outputs.slice(0, -1))).toContain('outputs came as')
  expect(check(outputs.toSpliced(3, 1))).toContain('follows on')
  expect(check([...outputs, ...outputs.slice(-1)])).toContain('outputs came as')
  expect(check(outputs.toReversed())).toContain('outputs came as')

  const { events, room } = found
  const [create, ...others] = history
  const lost = { ...whole, events: whole.events.filter(({ eventId }) => eventId !== others[8]?.eventId) }
  expect(checkOutputs(lost, outputs).join()).toContain('announced events are')
  expect(await checkEvents(storage, history, { room: { ...room, current: 1 as never }, events })).not.toEqual(
    [],
  )
  expect(await checkEvents(storage, history, { room: { ...room, extremities: [] }, events })).not.toEqual([])
  const record = events.get(create?.eventId ?? '')
  if (create === undefined || record === undefined) throw new Error('no create event')
  const rejected = new Map(events).set(create.eventId, { ...record, verdict: 'rejected-by-state' })
  expect(await checkEvents(storage, history, { room, events: rejected })).not.toEqual([])
  const other = await stored(2)
  expect(await missingEvents(storage, other.history)).toHaveLength(other.history.length)
})
