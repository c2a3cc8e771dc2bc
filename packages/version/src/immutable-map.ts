/** A map that nobody can change, whatever they take it for: a frozen `Map` could still be filled. */
export class ImmutableMap<K, V> implements ReadonlyMap<K, V> {
  readonly #entries: ReadonlyMap<K, V>

  constructor(entries: Iterable<readonly [K, V]>) {
    this.#entries = new Map(entries)
    Object.freeze(this)
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: K): V | undefined {
    return this.#entries.get(key)
  }

  has(key: K): boolean {
    return this.#entries.has(key)
  }

  forEach(each: (value: V, key: K, map: ReadonlyMap<K, V>) => void): void {
    for (const [key, value] of this.#entries) each(value, key, this)
  }

  keys(): ReturnType<ReadonlyMap<K, V>['keys']> {
    return this.#entries.keys()
  }

  values(): ReturnType<ReadonlyMap<K, V>['values']> {
    return this.#entries.values()
  }

  entries(): ReturnType<ReadonlyMap<K, V>['entries']> {
    return this.#entries.entries()
  }

  [Symbol.iterator](): ReturnType<ReadonlyMap<K, V>['entries']> {
    return this.#entries[Symbol.iterator]()
  }
}
