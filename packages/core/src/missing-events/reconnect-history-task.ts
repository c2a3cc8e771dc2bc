import type { EventId } from '@roomserver/types'
import type { RoomTask } from '../input/room-tasks.ts'
import { reconnectHistory } from '../reevaluate/reconnect-history.ts'
import type { ExpectedRoom } from './verify-events.ts'
import { bytesWithIds } from './task-bytes.ts'

/** Looks at the forward extremities after a page of its past has come. */
export function reconnectHistoryTask(
  { roomId, rules }: ExpectedRoom,
  came: readonly EventId[],
): RoomTask<void> {
  return {
    roomId,
    version: rules.version,
    name: 'updating forward extremities after backfill',
    bytes: bytesWithIds(came.length),
    decide: (draft) => reconnectHistory(draft, came),
  }
}
