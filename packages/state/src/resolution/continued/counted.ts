/** How often each of some things is there. */
export class Counted<T> {
  readonly #counts = new Map<T, number>()

  get values(): Iterable<T> {
    return this.#counts.keys()
  }

  get size(): number {
    return this.#counts.size
  }

  has(value: T): boolean {
    return this.#counts.has(value)
  }

  add(value: T): void {
    this.#counts.set(value, (this.#counts.get(value) ?? 0) + 1)
  }

  clear(): void {
    this.#counts.clear()
  }

  remove(value: T): void {
    const count = (this.#counts.get(value) ?? 0) - 1
    if (count > 0) this.#counts.set(value, count)
    else this.#counts.delete(value)
  }
}
