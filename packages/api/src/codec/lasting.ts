/** Lists that will be sent again, and how they are written, once they were. */
const lists = new WeakMap<readonly unknown[], { written: readonly Uint8Array[] | undefined }>()

const utf8 = new TextEncoder()

/** Says that a list will not change and will be sent again. How it is written is kept for as long as the list is. */
export function lasting<List extends readonly unknown[]>(list: List): List {
  if (!lists.has(list)) lists.set(list, { written: undefined })
  return list
}

/** The parts of a list: what was kept of it, or what `write` makes of it, which is kept if the list is a lasting one. */
export function* lastingParts(
  list: readonly unknown[],
  write: () => Iterable<string>,
): Generator<string | Uint8Array, void, undefined> {
  const kept = lists.get(list)
  if (kept === undefined) return yield* write()
  if (kept.written !== undefined) return yield* kept.written
  const written: Uint8Array[] = []
  for (const part of write()) {
    const bytes = utf8.encode(part)
    written.push(bytes)
    yield bytes
  }
  kept.written = written
}
