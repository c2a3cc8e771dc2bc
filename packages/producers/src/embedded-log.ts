import { invalidArgument, type LogBounds, type OutputEpoch, RoomserverError } from '@roomserver/types'
import { messageId, type OutboxRow, type OutputMessage, type RenderOutput } from './outbox.ts'
import { WakeUp } from './wake-up.ts'

/** An output of the embedded log. */
export interface LogEntry extends OutputMessage {
  /** Where it stands; a reader remembers it and goes on behind it. */
  readonly position: number
}

/** Settings of the embedded log. */
export interface EmbeddedLogOptions {
  /** How often a follower looks without being woken. */
  readonly pollMs: number
  /** The incarnations of the log, the earliest first, which IDs name. */
  readonly epochs: readonly OutputEpoch[]
}

/** The table as a log that is read by position and from whose beginning old outputs go. */
export interface LogSource<Row extends OutboxRow = OutboxRow> {
  /** Outputs after a position, in order. */
  outputs(after: number, limit: number): Promise<readonly Row[]>
  /** Where the log begins and ends, and whether a reader's position is one that it gave. */
  outputBounds(after: number): Promise<LogBounds>
}

/** The output log without a message server: the table in the database, read by position. */
export interface EmbeddedLog extends Disposable {
  /** Says that something was committed. */
  wake(): void
  /**
   * Entries behind a position, in order; 0 is before the first.
   *
   * @throws {RoomserverError} OUTPUTS_TRIMMED when the next ones have been deleted; INVALID_ARGUMENT
   */
  read(after: number, limit: number): Promise<readonly LogEntry[]>
  /** Entries behind a position, and new ones as they come, until `signal` is aborted or the log is closed. Throws as `check`. */
  follow(after: number, signal?: AbortSignal): AsyncGenerator<LogEntry, void, void>
  /**
   * Makes sure that a reader can go on behind a position without missing anything.
   *
   * @throws {RoomserverError} OUTPUTS_TRIMMED when the next ones have been deleted; OUTPUTS_POSITION_UNKNOWN when the log did
   * not give the position: it is beyond the end, or of outputs that a restore of the database lost
   */
  check(after: number): Promise<void>
}

const PAGE = 200

/**
 * Opens the log over the outputs table.
 * @example
 * ```ts
 * import { type LogSource, openEmbeddedLog, type OutboxRow } from '@roomserver/producers'
 *
 * declare const store: LogSource<OutboxRow> // such as that of `openStorage`
 * using log = openEmbeddedLog(store, ({ roomId, seq }) => JSON.stringify({ roomId, seq }))
 * for (const { payload, position } of await log.read(0, 10)) console.log(position, payload)
 * ```
 */
export function openEmbeddedLog<Row extends OutboxRow>(
  source: LogSource<Row>,
  render: RenderOutput<Row>,
  options: Partial<EmbeddedLogOptions> = {},
): EmbeddedLog {
  const { pollMs = 1_000, epochs = [] } = options
  const closing = new AbortController()
  const followers = new Set<WakeUp>()

  const read = async (after: number, limit: number): Promise<readonly LogEntry[]> => {
    checkNumbers({ after, limit })
    const rows = await source.outputs(after, limit)
    if (rows[0] !== undefined && rows[0].position > after + 1) await refuseMissed(source, after)
    return rows.map((row) => entryOf(row, render, epochs))
  }

  async function* follow(after: number, signal?: AbortSignal): AsyncGenerator<LogEntry, void, void> {
    const stop = AbortSignal.any(signal === undefined ? [closing.signal] : [closing.signal, signal])
    const wakeUp = new WakeUp()
    followers.add(wakeUp)
    let position = after
    try {
      await refuseMissed(source, after)
      while (!stop.aborted) {
        const page = await read(position, PAGE)
        for (const entry of page) {
          if (stop.aborted) return
          yield entry
          position = entry.position
        }
        if (page.length === 0) await wakeUp.wait(pollMs, stop)
      }
    } finally {
      followers.delete(wakeUp)
    }
  }

  return {
    read,
    follow,
    wake: () => {
      for (const follower of followers) follower.call()
    },
    check: (after) => refuseMissed(source, after),
    [Symbol.dispose]: () => closing.abort(),
  }
}

/** A position or limit that is not a number would find nothing, for ever. @throws {RoomserverError} INVALID_ARGUMENT */
function checkNumbers(numbers: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(numbers)) {
    if (!Number.isSafeInteger(value)) throw invalidArgument(name, 'a whole number')
  }
}

/** Positions may leave numbers out, so a gap alone says nothing. */
async function refuseMissed(source: Pick<LogSource, 'outputBounds'>, after: number): Promise<void> {
  checkNumbers({ after })
  const { first, last, isKnown } = await source.outputBounds(after)
  if (after + 1 < first) {
    const message = `outputs up to ${first - 1} have been deleted: read the rooms again, then continue with after=${first - 1}`
    throw new RoomserverError('OUTPUTS_TRIMMED', { after, first }, message)
  }
  if (isKnown) return
  const message = `this log has no position ${after}: the database was put back to an older copy, or it is another one; read the rooms again, then continue with after=${last}`
  throw new RoomserverError('OUTPUTS_POSITION_UNKNOWN', { after, first, last }, message)
}

function entryOf<Row extends OutboxRow>(
  row: Row,
  render: RenderOutput<Row>,
  epochs: readonly OutputEpoch[],
): LogEntry {
  return { position: row.position, id: messageId(row, epochs), roomId: row.roomId, payload: render(row) }
}
