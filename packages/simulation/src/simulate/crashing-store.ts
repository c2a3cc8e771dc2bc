import type { Storage } from '@roomserver/storage'

/** What calls of a dead process end with. */
export class ServerCrashed extends Error {
  override readonly name = 'ServerCrashed'
}

const WRITES: readonly string[] = [
  'commit',
  'enqueue',
  'claimInbox',
  'dropInbox',
  'allocate',
  'putRepairs',
  'dropRepairs',
]

/**
 * The store as one process has it; rooms go on in portions, as on PostgreSQL. The process can be made to die at a write; after that nothing
 * reaches the store.
 */
export class CrashingStore {
  readonly store: Storage
  /** How many writes there were; those that the process died at count. */
  writes = 0
  #isDead = false
  #writesLeft: number | undefined
  #isAfter = false

  constructor(storage: Storage) {
    const guarded = Object.entries(storage).map(([name, method]) => [
      name,
      this.#guard(name, method, storage),
    ])
    this.store = { ...(Object.fromEntries(guarded) as Storage), commitsElsewhere: true }
  }

  get isDead(): boolean {
    return this.#isDead
  }

  /**
   * @param writes - how many writes the process still does
   * @param isAfter - whether the one it dies at is done
   */
  dieAfter(writes: number, isAfter: boolean): void {
    this.#writesLeft = writes
    this.#isAfter = isAfter
  }

  /** Takes {@link CrashingStore.dieAfter} back. */
  live(): void {
    this.#writesLeft = undefined
  }

  #guard(name: string, method: unknown, storage: Storage): unknown {
    if (typeof method !== 'function') return method
    const call = (parameters: readonly unknown[]): unknown => Reflect.apply(method, storage, parameters)
    if (!WRITES.includes(name)) {
      return (...parameters: readonly unknown[]) =>
        this.#isDead ? Promise.reject(new ServerCrashed()) : call(parameters)
    }
    return async (...parameters: readonly unknown[]) => {
      if (this.#isDead) throw new ServerCrashed()
      this.writes++
      const dies = this.#isLast()
      if (dies && !this.#isAfter) return this.#die()
      const result = await call(parameters)
      return dies ? this.#die() : result
    }
  }

  #isLast(): boolean {
    if (this.#writesLeft === undefined) return false
    return --this.#writesLeft < 0
  }

  #die(): never {
    this.#isDead = true
    throw new ServerCrashed()
  }
}
