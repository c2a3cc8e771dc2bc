import { type DatabaseConnection, SqliteDialect, type SqliteDialectConfig, SqliteDriver } from 'kysely'

/** How long statements may hold the event loop in one turn of it before the next one waits for a later turn. */
const SLICE_MS = 5

/** From which time of statements on turns are counted: most take less, and are not worth a turn of their own. */
const COUNTED_MS = 2

/** When statements and transactions may begin. */
export interface Pacing {
  /** Calls back in the next turn of the event loop. */
  readonly nextTurn: (begin: () => void) => void
  readonly now: () => number
}

/**
 * Kysely's SQLite, which runs statements on the main thread: each is over in the turn of the event loop in which it
 * began, so that a thousand of them in a row would let nobody else be served. Whoever comes after 5 ms of them waits for
 * the next turn, and one that took 20 ms alone leaves the loop to others for four turns. Kysely has one statement or
 * transaction after the other here. Transactions are neither interrupted nor counted: they are short, and whoever writes
 * waits for the disk anyway.
 */
export class YieldingSqliteDialect extends SqliteDialect {
  readonly #config: SqliteDialectConfig
  readonly #pacing: Pacing

  constructor(
    config: SqliteDialectConfig,
    pacing: Pacing = { nextTurn: setImmediate, now: () => performance.now() },
  ) {
    super(config)
    this.#config = config
    this.#pacing = pacing
  }

  override createDriver(): SqliteDriver {
    return new YieldingDriver(this.#config, this.#pacing)
  }
}

class YieldingDriver extends SqliteDriver {
  readonly #pacing: Pacing
  #acquiredAt = 0
  /** For how long the loop was held, less what the turns since then allow. */
  #heldMs = 0
  #isCounting = false
  #isTransaction = false

  constructor(config: SqliteDialectConfig, pacing: Pacing) {
    super(config)
    this.#pacing = pacing
  }

  override async acquireConnection(): Promise<DatabaseConnection> {
    while (this.#heldMs >= SLICE_MS) await new Promise<void>((resolve) => this.#pacing.nextTurn(resolve))
    this.#acquiredAt = this.#pacing.now()
    this.#isTransaction = false
    return await super.acquireConnection()
  }

  override async beginTransaction(connection: DatabaseConnection): Promise<void> {
    this.#isTransaction = true
    await super.beginTransaction(connection)
  }

  override async releaseConnection(): Promise<void> {
    if (!this.#isTransaction) this.#heldMs += this.#pacing.now() - this.#acquiredAt
    if (this.#heldMs >= COUNTED_MS && !this.#isCounting) this.#countTurns()
    await super.releaseConnection()
  }

  #countTurns(): void {
    this.#isCounting = true
    this.#pacing.nextTurn(() => {
      this.#heldMs = Math.max(0, this.#heldMs - SLICE_MS)
      this.#isCounting = false
      if (this.#heldMs >= COUNTED_MS) this.#countTurns()
    })
  }
}
