/** How a long list is read. */
export interface Paging<Item, Key> {
  /** Reads the first `limit` items behind `after`, in their order; fewer mean that there are no more. */
  readonly read: (after: Key, limit: number) => Promise<readonly Item[]>
  /** What the next page comes behind. */
  readonly keyOf: (item: Item) => Key
  /** What the first page comes behind. */
  readonly first: Key
  /** How many items are read at a time. */
  readonly limit: number
}

/** Reads a long list a page at a time, each when it is asked for; no page is empty. */
export async function* paged<Item, Key>({
  read,
  keyOf,
  first,
  limit,
}: Paging<Item, Key>): AsyncGenerator<readonly Item[], void, void> {
  for (let after = first; ; ) {
    const page = await read(after, limit)
    const last = page.at(-1)
    if (last === undefined) return
    yield page
    if (page.length < limit) return
    after = keyOf(last)
  }
}
