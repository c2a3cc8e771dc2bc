import { type Suspendable, type EventRecord, RoomserverError } from '@roomserver/types'
import { announcedChange } from './current-state.ts'
import type { DecideNeed } from './decide-need.ts'
import type { Draft } from './draft.ts'
import { announceNew } from './outputs.ts'

/** Gives consumers the latest event again, as one that rewrites the state: what changed of that came with no event. */
export function* announceRewritten(draft: Draft, latest: EventRecord): Suspendable<DecideNeed, void> {
  const unmoved = { from: draft.room.current, changes: [] }
  const change = yield* announcedChange(draft, latest, unmoved, true)
  const pdu = draft.view.pduOf(latest, draft.rules)
  yield* announceNew(draft, { kind: 'new', pdu, sendAsServer: '' }, latest, change)
}

/** @throws {RoomserverError} BAD_REQUEST for a room without any */
export function latestOf(extremities: readonly EventRecord[]): EventRecord {
  const [latest] = extremities.toSorted((a, b) => b.depth - a.depth)
  if (latest !== undefined) return latest
  throw new RoomserverError(
    'BAD_REQUEST',
    { path: 'room', expected: 'a room with a state' },
    'the room has no current state',
  )
}
