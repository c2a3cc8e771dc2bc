import type { OutboxRow, OutboxSource } from './outbox.ts'

/**
 * Drops what was delivered, and gives the next outputs to send, in order, leaving out rooms that are set aside.
 *
 * Always from the start of the outbox: another process may commit a row with a lower position later than one with a
 * higher, and only what was sent is gone from it.
 */
export async function pendingOutputs<Row extends OutboxRow>(
  source: OutboxSource<Row>,
  delivered: readonly number[],
  limit: number,
  isSetAside: (roomId: string) => boolean,
): Promise<readonly Row[]> {
  const pending: Row[] = []
  let page = await source.nextOutputs(delivered, limit)
  for (;;) {
    pending.push(...page.filter((row) => !isSetAside(row.roomId)))
    const last = page.at(-1)
    if (last === undefined || page.length < limit || pending.length >= limit) return pending.slice(0, limit)
    page = await source.outputs(last.position, limit)
  }
}
