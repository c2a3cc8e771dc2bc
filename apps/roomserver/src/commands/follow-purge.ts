import { setTimeout as pause } from 'node:timers/promises'

/** How often it is asked how far a purge has come. */
const ASK_MS = 500

interface Purge {
  readonly room_id: string
}

interface Following<P extends Purge> {
  /** A page of the purges of a kind. */
  readonly list: (page: {
    readonly cursor: string
    readonly limit: number
  }) => Promise<{ readonly purges: readonly P[]; readonly next: string }>
  /** Whether there is nothing more to wait for; throws where it was refused. */
  readonly isOver: (purge: P) => boolean
  readonly textOf: (purge: P) => string
}

/** Waits until a purge is over, and says on a terminal how far it is. Without anybody who waits it goes on as well. */
export async function followPurge<P extends Purge>(
  roomId: string,
  { list, isOver, textOf }: Following<P>,
): Promise<void> {
  for (;;) {
    const purge = await purgeOf(roomId, list)
    if (purge === undefined || isOver(purge)) break
    if (process.stderr.isTTY) process.stderr.write(`\r${textOf(purge)}\u001b[K`)
    await pause(ASK_MS)
  }
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
}

/** How many events are deleted, and about how long the others take. */
export function deletionText(
  { deleted_events: done, events }: { readonly deleted_events: number; readonly events: number },
  tookMs: number,
): string {
  const left = done === 0 ? '' : `, about ${Math.ceil(((tookMs / done) * (events - done)) / 1_000)} s left`
  return `${done} of ${events} events deleted${left}`
}

async function purgeOf<P extends Purge>(roomId: string, list: Following<P>['list']): Promise<P | undefined> {
  let cursor = ''
  do {
    const { purges, next } = await list({ cursor, limit: 0 })
    const found = purges.find((purge) => purge.room_id === roomId)
    if (found !== undefined) return found
    cursor = next
  } while (cursor !== '')
  return undefined
}
