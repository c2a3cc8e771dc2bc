/**
 * A cache bounded by bytes that forgets what was not used for the longest time, roughly: it keeps two generations,
 * and when the younger one is full the older one is let go as a whole. Every operation is O(1).
 */
export class ByteCache<K, V> {
  readonly #maxBytes: number
  readonly #sizeOf: (value: V) => number
  #young = new Map<K, V>()
  #old = new Map<K, V>()
  #youngBytes = 0
  #oldBytes = 0

  /** @param sizeOf - an estimate of what a value takes, in bytes, key included */
  constructor(maxBytes: number, sizeOf: (value: V) => number) {
    this.#maxBytes = maxBytes
    this.#sizeOf = sizeOf
  }

  get bytes(): number {
    return this.#youngBytes + this.#oldBytes
  }

  get(key: K): V | undefined {
    const young = this.#young.get(key)
    if (young !== undefined) return young
    const old = this.#old.get(key)
    if (old !== undefined) this.set(key, old)
    return old
  }

  set(key: K, value: V): void {
    this.delete(key)
    this.#young.set(key, value)
    this.#youngBytes += this.#sizeOf(value)
    if (this.#youngBytes > this.#maxBytes / 2) this.#turn()
  }

  delete(key: K): void {
    const young = this.#young.get(key)
    if (young !== undefined && this.#young.delete(key)) this.#youngBytes -= this.#sizeOf(young)
    const old = this.#old.get(key)
    if (old !== undefined && this.#old.delete(key)) this.#oldBytes -= this.#sizeOf(old)
  }

  #turn(): void {
    this.#old = this.#young
    this.#oldBytes = this.#youngBytes
    this.#young = new Map()
    this.#youngBytes = 0
  }
}
