/** Reads by key for many callers at once: keys that are asked for in the same turn of the event loop share one read. */
export class Gatherer<K, V> {
  readonly #read: (keys: readonly K[]) => Promise<readonly V[]>
  #open: { readonly keys: Set<K>; readonly found: Promise<readonly V[]> } | undefined

  constructor(read: (keys: readonly K[]) => Promise<readonly V[]>) {
    this.#read = read
  }

  /** What was found for these keys, and maybe for others that were asked for in the same turn. */
  load(keys: readonly K[]): Promise<readonly V[]> {
    this.#open ??= this.#begin()
    for (const key of keys) this.#open.keys.add(key)
    return this.#open.found
  }

  #begin(): { readonly keys: Set<K>; readonly found: Promise<readonly V[]> } {
    const keys = new Set<K>()
    const turn = new Promise<void>((resolve) => setImmediate(resolve))
    const found = turn.then(() => {
      this.#open = undefined
      return this.#read([...keys])
    })
    return { keys, found }
  }
}
