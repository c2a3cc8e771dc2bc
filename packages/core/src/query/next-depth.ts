import type { EventRecord } from '@roomserver/types'

/**
 * The depth of an event on top of others: one more than the greatest of theirs. At the greatest number that every room
 * version can say it stays: some server may have claimed that depth, and the room goes on all the same.
 *
 * @see https://spec.matrix.org/v1.19/rooms/v12/#event-format
 */
export function nextDepth(prev: readonly Pick<EventRecord, 'depth'>[]): number {
  return Math.min(Math.max(0, ...prev.map(({ depth }) => depth)) + 1, Number.MAX_SAFE_INTEGER)
}
