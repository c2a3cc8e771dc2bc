/** How many changes are kept apart from the rest before they are put into one map with it. */
const MAX_CHANGES = 100

/**
 * A map that is not changed but gives another one with a change, sharing what both have: a room of thousands of members
 * is built without a copy of its state for every event.
 */
export class SharedState<V> {
  readonly #base: ReadonlyMap<string, V>
  readonly #changes: ReadonlyMap<string, V>

  constructor(base: ReadonlyMap<string, V> = new Map(), changes: ReadonlyMap<string, V> = new Map()) {
    this.#base = base
    this.#changes = changes
  }

  get(key: string): V | undefined {
    return this.#changes.get(key) ?? this.#base.get(key)
  }

  with(key: string, value: V): SharedState<V> {
    const changes = new Map(this.#changes).set(key, value)
    return changes.size < MAX_CHANGES
      ? new SharedState(this.#base, changes)
      : new SharedState(new Map([...this.#base, ...changes]))
  }

  /** Both together; where they differ, the other one counts. */
  and(other: SharedState<V>): SharedState<V> {
    return new SharedState(new Map([...this.#base, ...this.#changes, ...other.#base, ...other.#changes]))
  }
}
