import { RoomserverError } from '@roomserver/types'
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
}

/** The table as a log that is read by position and from whose beginning old outputs go. */
export interface LogSource<Row extends OutboxRow = OutboxRow> {
  /** Outputs after a position, in order. */
  outputs(after: number, limit: number): Promise<readonly Row[]>
  /** Position of the first output that is kept, or will be. */
  firstOutput(): Promise<number>
}

/** The output log without a message server: the table in the database, read by position. */
export interface EmbeddedLog extends Disposable {
  /** Says that something was committed. */
  wake(): void
  /**
   * Entries behind a position, in order; 0 is before the first.
   *
   * @throws {RoomserverError} OUTPUTS_TRIMMED when the next ones have been deleted
   */
  read(after: number, limit: number): Promise<readonly LogEntry[]>
  /** Entries behind a position, and new ones as they come, until `signal` is aborted or the log is closed. Throws as `read`. */
  follow(after: number, signal?: AbortSignal): AsyncGenerator<LogEntry, void, void>
  /** The position of the first entry that is kept, or will be; a reader that wants an earlier one has missed something. */
  first(): Promise<number>
}

const PAGE = 200

/** Opens the log over the outputs table. */
export function openEmbeddedLog<Row extends OutboxRow>(
  source: LogSource<Row>,
  render: RenderOutput<Row>,
  options: Partial<EmbeddedLogOptions> = {},
): EmbeddedLog {
  const { pollMs = 1_000 } = options
  const closing = new AbortController()
  const followers = new Set<WakeUp>()

  const read = async (after: number, limit: number): Promise<readonly LogEntry[]> => {
    const rows = await source.outputs(after, limit)
    if (rows[0] !== undefined && rows[0].position > after + 1) await refuseTrimmed(source, after)
    return rows.map((row) => entryOf(row, render))
  }

  async function* follow(after: number, signal?: AbortSignal): AsyncGenerator<LogEntry, void, void> {
    const stop = AbortSignal.any(signal === undefined ? [closing.signal] : [closing.signal, signal])
    const wakeUp = new WakeUp()
    followers.add(wakeUp)
    let position = after
    try {
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
    first: () => source.firstOutput(),
    [Symbol.dispose]: () => closing.abort(),
  }
}

/** Positions may leave a number out, so a gap alone says nothing. */
async function refuseTrimmed(source: Pick<LogSource, 'firstOutput'>, after: number): Promise<void> {
  const first = await source.firstOutput()
  if (after + 1 >= first) return
  const message = `outputs up to ${first - 1} have been deleted; ${after + 1} was requested`
  throw new RoomserverError('OUTPUTS_TRIMMED', { after, first }, message)
}

function entryOf<Row extends OutboxRow>(row: Row, render: RenderOutput<Row>): LogEntry {
  return { position: row.position, id: messageId(row), roomId: row.roomId, payload: render(row) }
}
