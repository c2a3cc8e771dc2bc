import type { BusyRoom, RoomSummary } from '@roomserver/api'
import { counted, sentence } from './wording.ts'

/** How many extremities a room may have that is well. */
const MANY_EXTREMITIES = 10
/** A resolution that takes longer than so many ms is felt. */
const SLOW_MS = 1_000

/** Where a room is looked at. */
export interface RoomSurroundings {
  /** What the process has to do for it. */
  readonly busy: BusyRoom | undefined
  /** Whether it is in a file of events, and of no server. */
  readonly isOffline: boolean
}

/** What is unusual about a room, in sentences, each with what to do. */
export function roomProblems(room: RoomSummary, { busy, isOffline }: RoomSurroundings): readonly string[] {
  const {
    extremities,
    gaps,
    rejected,
    slowest_resolution_ms: slowest,
    soft_failed: softFailed,
    state_resets: resets,
  } = room
  const found: readonly (string | false)[] = [
    room.is_stub && 'Only an invite into it is known: nobody of this server is in the room.',
    room.is_blocked && 'An operator blocked it: new events and joins of local users are refused.',
    busy !== undefined &&
      busy.quarantined_ms > 0 &&
      `It is quarantined after a fault, for another ${Math.ceil(busy.quarantined_ms / 1_000)} s. The log has the reason.`,
    resets > 0 &&
      `There ${resets === 1 ? 'was' : 'were'} ${counted(resets, 'state reset')}: entries of the state that fell back or disappeared. The journal lists them with their causes.`,
    extremities > MANY_EXTREMITIES &&
      `It has ${extremities} forward extremities: branches that nothing has brought together, which makes its events expensive. A dummy event merges them when a local user may send one.`,
    gaps > 0 &&
      `${counted(gaps, 'event')} that others build on ${gaps === 1 ? 'is' : 'are'} missing. That is usual where nobody has asked for older history.`,
    rejected > 0 && `${counted(rejected, 'event')} of it ${rejected === 1 ? 'was' : 'were'} rejected.`,
    softFailed > 0 &&
      `${counted(softFailed, 'event')} of it ${softFailed === 1 ? 'was' : 'were'} soft-failed.`,
    slowest > SLOW_MS && `A resolution of its state took ${slowest} ms.`,
    !isOffline && !room.is_stub && room.joined_local_members === 0 && 'No user of this server is joined.',
  ]
  return found.filter((problem) => problem !== false).map(sentence)
}
