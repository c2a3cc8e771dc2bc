import type { Delivered } from '@roomserver/types'
import type { OutboxRow, OutboxSource } from './outbox.ts'

/**
 * Records what was delivered, and gives the next outputs to send, leaving out rooms that are set aside.
 *
 * Always from the start of the outbox: another process may commit a row with a lower position later than one with a
 * higher, and only what was sent is gone from it. An output is given only together with those of its room that precede it
 * and wait, and behind them: by its number in the room, whatever the positions say.
 */
export async function pendingOutputs<Row extends OutboxRow>(
  source: OutboxSource<Row>,
  delivered: readonly Delivered[],
  limit: number,
  isSetAside: (roomId: string) => boolean,
): Promise<readonly Row[]> {
  const found: Row[] = []
  let page = await source.nextOutputs(delivered, limit)
  for (;;) {
    found.push(...page.filter((row) => !isSetAside(row.roomId)))
    const pending = inOrder(found)
    const last = page.at(-1)
    if (last === undefined || page.length < limit || pending.length >= limit) return pending.slice(0, limit)
    page = await source.waitingOutputs(last.position, limit)
  }
}

/** Those of the rows that nothing precedes which is not among them, each room's in the order of their numbers. */
export function inOrder<Row extends OutboxRow>(rows: readonly Row[]): readonly Row[] {
  const sendable = new Map<string, Row[]>()
  for (const [roomId, ofRoom] of Map.groupBy(rows, (row) => row.roomId)) {
    const sorted = ofRoom.toSorted((a, b) => a.seq - b.seq)
    const first = Math.min(...sorted.map(({ seq, firstWaiting }) => firstWaiting ?? seq))
    const gap = sorted.findIndex(({ seq }, index) => seq !== first + index)
    sendable.set(roomId, (gap < 0 ? sorted : sorted.slice(0, gap)).toReversed())
  }
  // Each place of a room goes to the next of its outputs, so that rooms stay mixed as they were.
  return rows.flatMap(({ roomId }) => sendable.get(roomId)?.pop() ?? [])
}
