import { isFailure, type Logger } from '@roomserver/types'

/**
 * What stops writes alone: SQLITE_READONLY and SQLITE_FULL, and PostgreSQL's read-only transaction, full disk and missing
 * rights.
 */
const STOPS_WRITES = new Set<unknown>(['25006', '42501', '53100', 8, 13])

/**
 * Whether the database can be used, by what its statements came to. The log says once that it cannot be, and once that it
 * can be again, however many callers fail meanwhile.
 */
export class StoreHealth {
  readonly #where: string
  readonly #log: Logger
  #failure: { readonly reason: string; readonly stopsWrites: boolean } | undefined

  /** @param where - names the database for operators, without secrets */
  constructor(where: string, log: Logger) {
    this.#where = where
    this.#log = log
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
    this.#failure = { reason, stopsWrites: this.writesFail || STOPS_WRITES.has(codeOf(error.cause)) }
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
    this.#failure = undefined
    this.#log.info({ database: this.#where }, 'the database can be used again')
  }
}

function codeOf(cause: unknown): unknown {
  if (!(cause instanceof Error)) return undefined
  const code: unknown = Reflect.get(cause, 'code')
  return code === 'ERR_SQLITE_ERROR' ? Number(Reflect.get(cause, 'errcode')) & 0xff : code
}
