import { isFailure, type Logger } from '@roomserver/types'

/**
 * What stops writes alone: SQLITE_READONLY and SQLITE_FULL, and PostgreSQL's read-only transaction, full disk and missing
 * rights.
 */
const STOPS_WRITES = new Set<unknown>(['25006', '42501', '53100', 8, 13])

/** What stops large writes before small ones: PostgreSQL's full disk, and SQLITE_FULL. */
const STOPS_LARGE_WRITES = new Set<unknown>(['53100', 13])

/** After so long without a failure a small write is proof enough, where nobody asks for a large one. */
const FORGET_MS = 60_000

/**
 * Whether the database can be used, by what its statements came to. The log says once that it cannot be, and once that it
 * can be again, however many callers fail meanwhile.
 */
export class StoreHealth {
  readonly #where: string
  readonly #log: Logger
  readonly #now: () => number
  #failure:
    | {
        readonly reason: string
        readonly stopsWrites: boolean
        readonly isFull: boolean
        readonly at: number
      }
    | undefined

  /** @param where - names the database for operators, without secrets */
  constructor(where: string, log: Logger, now: () => number = () => performance.now()) {
    this.#where = where
    this.#log = log
    this.#now = now
  }

  /** Whether the last write failed for want of space or rights: only another write can tell that it is possible again. */
  get writesFail(): boolean {
    return this.#failure?.stopsWrites === true
  }

  /**
   * Records a failed statement; other failures than those of the database itself are ignored.
   *
   * @param isLasting - whether somebody has to act on this one, which is said even where others came before
   */
  failed(error: unknown, isLasting = false): void {
    if (!isFailure(error, 'STORE_UNAVAILABLE')) return
    const { reason } = error.details
    const isNews = this.#failure === undefined || (isLasting && this.#failure.reason !== reason)
    const code = codeOf(error.cause)
    this.#failure = {
      reason,
      stopsWrites: this.writesFail || STOPS_WRITES.has(code),
      isFull: this.#failure?.isFull === true || STOPS_LARGE_WRITES.has(code),
      at: this.#now(),
    }
    if (isNews) {
      this.#log.error(
        { database: this.#where, reason },
        'the database cannot be used; callers get 503 until it can be again',
      )
    }
  }

  /** @param isWrite - whether the statement changed something for good */
  succeeded(isWrite: boolean): void {
    if (this.#failure === undefined || (this.#failure.stopsWrites && !isWrite)) return
    if (this.#failure.isFull && this.#now() - this.#failure.at < FORGET_MS) return
    this.recovered()
  }

  /** As much as a large commit needs was written. */
  recovered(): void {
    if (this.#failure === undefined) return
    this.#failure = undefined
    this.#log.info({ database: this.#where }, 'the database can be used again')
  }
}

function codeOf(cause: unknown): unknown {
  if (!(cause instanceof Error)) return undefined
  const code: unknown = Reflect.get(cause, 'code')
  return code === 'ERR_SQLITE_ERROR' ? Number(Reflect.get(cause, 'errcode')) & 0xff : code
}
