import {
  messageId,
  type OutboxRow,
  type OutboxSource,
  type OutputMessage,
  type RenderOutput,
} from './outbox.ts'
import { WakeUp } from './wake-up.ts'

/** An output of the embedded log. */
export interface LogEntry extends OutputMessage {
  /** Where it stands; a reader remembers it and goes on behind it. */
  readonly position: number
}

export interface EmbeddedLogOptions {
  /** How often a follower looks without being woken. */
  readonly pollMs: number
}

/** The output log without a message server: the table in the database, read by position. */
export interface EmbeddedLog extends Disposable {
  /** Says that something was committed. */
  wake(): void
  /** Entries behind a position, in order; 0 is before the first. */
  read(after: number, limit: number): Promise<readonly LogEntry[]>
  /** Entries behind a position, and new ones as they come, until `signal` is aborted or the log is closed. */
  follow(after: number, signal?: AbortSignal): AsyncGenerator<LogEntry, void, void>
  /** The position of the oldest entry; a reader that stands further back has missed something. */
  oldest(): Promise<number | undefined>
}

const PAGE = 200

/** Opens the log over the outputs table. */
export function openEmbeddedLog<Row extends OutboxRow>(
  source: OutboxSource<Row>,
  render: RenderOutput<Row>,
  options: Partial<EmbeddedLogOptions> = {},
): EmbeddedLog {
  const { pollMs = 1_000 } = options
  const closing = new AbortController()
  const followers = new Set<WakeUp>()

  const read = async (after: number, limit: number): Promise<readonly LogEntry[]> => {
    const rows = await source.outputs(after, limit)
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
    oldest: async () => (await source.outputs(0, 1))[0]?.position,
    [Symbol.dispose]: () => closing.abort(),
  }
}

function entryOf<Row extends OutboxRow>(row: Row, render: RenderOutput<Row>): LogEntry {
  return { position: row.position, id: messageId(row), roomId: row.roomId, payload: render(row) }
}
