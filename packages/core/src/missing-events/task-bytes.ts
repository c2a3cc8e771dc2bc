const OVERHEAD_BYTES = 1000
const BYTES_PER_ID = 100

/** What a room's task takes while it waits that holds so many event IDs, in bytes. */
export function bytesWithIds(count: number): number {
  return OVERHEAD_BYTES + BYTES_PER_ID * count
}
