import { type EventUpdate, NO_NID, type RoomRecord, type WriteSet } from '@roomserver/types'
import type { Draft } from '../decide/draft.ts'
import type { RecordCache } from '../view/record-cache.ts'
import type { View } from '../view/view.ts'
import type { ActorParts } from './actor-parts.ts'

/** Takes a committed draft over into the cache, counts what it did, and gives the room as it is now. */
export function publishToCache(
  { cache, counters, overLimit, log, onRemoteStates, onPolicy }: ActorParts,
  draft: Draft,
  writeSet: WriteSet,
  revision: number,
): RoomRecord {
  const room = { ...draft.room, revision }
  const { view } = draft
  for (const { nid, text } of writeSet.eventTypes) cache.putType(nid, text)
  for (const { nid, text } of writeSet.stateKeys) cache.putStateKey(nid, text)
  for (const block of writeSet.blocks) cache.putBlock(block)
  for (const snapshot of writeSet.snapshots) cache.putSnapshot(snapshot)
  for (const { nid } of [...writeSet.events, ...writeSet.updates]) {
    const record = view.event(nid)
    if (record === undefined) continue
    // Outliers come by the thousands with the state of a room, and few of them are looked at soon.
    cache.putEvent(record, record.before === NO_NID ? undefined : view.pduOf(record, draft.rules))
  }
  if (writeSet.updates.some((update) => isOfState(update, view))) cache.rooms.onRewrite(room.nid)
  cache.rooms.onCommit(room)
  keepForNextDecision(cache, draft)
  counters.count(writeSet)
  overLimit.update(room)
  onRemoteStates(room, draft.dueRemoteStates)
  onPolicy(room, [...draft.unchecked], draft.isPolicyChanged)
  for (const entry of writeSet.journal) {
    if (!entry.reset) continue
    const fields = { room_id: room.roomId, revision: entry.revision, cause: entry.cause.kind }
    log.warn(fields, 'state reset: an entry of the current state fell back to an older event or to none')
  }
  return room
}

/** Keeps what the next decision on the room can go on from, and drops what does not hold any more. */
function keepForNextDecision({ extremities, resolutions }: RecordCache, draft: Draft): void {
  const { nid } = draft.room
  // It takes events for what they were when they came in.
  if (draft.changesAuth) resolutions.drop(nid)
  else if (draft.resolution !== undefined) resolutions.put(nid, draft.resolution)
  // A single one is looked up as fast.
  if (draft.extremities === undefined || draft.extremities.nids.length < 2) extremities.drop(nid)
  else extremities.put(nid, draft.extremities)
}

/** Whether a state may have the event, and it reads otherwise than before, or references others. */
function isOfState({ nid, json, authNids }: EventUpdate, view: View): boolean {
  const isRewritten = json !== undefined || authNids !== undefined
  return isRewritten && view.event(nid)?.stateKeyNid !== NO_NID
}
