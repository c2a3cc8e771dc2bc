import type { OutputMessage } from './outbox.ts'

/** What became of a message that the bus has stored. */
export interface Acknowledgement {
  /** Its number in the stream. */
  readonly sequence: number
  /** The bus had it already and did not store it again. */
  readonly isDuplicate: boolean
}

/** A durable consumer of a stream, as far as it matters for what it has read. */
export interface StreamConsumer {
  readonly name: string
  /** What it was made with, as the message server tells it. */
  readonly config: Readonly<Record<string, unknown>>
  /** It has acknowledged all up to this number of the stream. */
  readonly acknowledged: number
  /** The number in the stream that it has got to, and how many messages it was given for that. */
  readonly reached: number
  readonly given: number
}

/** A stream as it is at a moment. */
export interface StreamState {
  readonly name: string
  /** When it was created, which tells it from another stream of the same name. */
  readonly created: string
  /** Number of the first message that it holds, or would. */
  readonly first: number
  /** Messages up to this number were gone before the consumers were asked, whose states so tell what became of them. */
  readonly gone: number
  /** Number of the latest message that it ever held. */
  readonly last: number
  /** Whether it still knows the ID of that message, and so would call a repeat one. */
  readonly remembersLast: boolean
  readonly replicas: number
  /** Whether the message server is one of a cluster. */
  readonly isClustered: boolean
  /** Whether it deletes messages that were not read, by their age or their number. */
  readonly dropsUnread: boolean
  readonly consumers: readonly StreamConsumer[]
}

/** A look at the stream behind a bus. */
export interface StreamAccess {
  /** How the stream is now; one that is missing is created. */
  inspect(): Promise<StreamState>
  /** Creates consumers as they were; returns the names of those that could not be. */
  addConsumers(consumers: readonly StreamConsumer[]): Promise<readonly string[]>
  /**
   * How often there was a connection, and how often somebody was heard to remove messages: another number says that the stream
   * may be otherwise than it was.
   */
  readonly upsets: number
}

/** A stream that stores messages in the order in which they come. */
export interface Bus {
  /** The number of the latest message in the stream, 0 if there was none yet. */
  lastSequence(): Promise<number>
  /**
   * Stores a message behind number `after`. Refused when another one is the latest by then, so that a lost message
   * holds up those behind it and nothing is ever stored out of order.
   */
  publish(message: OutputMessage, after: number): Promise<Acknowledgement>
  /** Left out where nothing is kept. */
  readonly stream?: StreamAccess
  /** Whether the bus can be reached, as far as is known. */
  readonly isConnected: boolean
  /** Whether it has given up: it has to be opened again. */
  readonly isClosed: boolean
  /** The largest payload that the bus takes, in bytes. */
  readonly maxPayloadBytes: number
  /** Set by whoever uses the bus: called when it can be reached again. */
  onReconnect?: () => void
  close(): Promise<void>
}
