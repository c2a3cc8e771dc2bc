import type { RoomRecord } from '@roomserver/types'

/**
 * The depth of an event on top of a room: one more than that of what it builds on. At the greatest number that every
 * room version can say it stays: some server may have claimed that depth, and the room goes on all the same.
 *
 * @see https://spec.matrix.org/v1.16/rooms/v12/#event-format
 */
export function nextDepth({ depth }: Pick<RoomRecord, 'depth'>): number {
  return Math.min(depth + 1, Number.MAX_SAFE_INTEGER)
}
