import { setImmediate as turn } from 'node:timers/promises'
import { paged } from '@roomserver/types'

/** How many rows are read at a time; SQLite answers at once, and others have to get their turn. */
const PAGE = 100

/** Reads rows page by page in the order of their NIDs, giving others a turn after each. */
export async function* pages<Row extends { readonly nid: number }>(
  read: (after: number, limit: number) => Promise<readonly Row[]>,
): AsyncGenerator<readonly Row[], void, void> {
  for await (const page of paged({ read, keyOf: ({ nid }) => nid, first: 0, limit: PAGE })) {
    yield page
    await turn()
  }
}

/** Divides a list into chunks for queries, and yields after each. */
export async function* chunks<T>(list: readonly T[], size = PAGE): AsyncGenerator<readonly T[], void, void> {
  for (let at = 0; at < list.length; at += size) {
    yield list.slice(at, at + size)
    await turn()
  }
}
