import type { OutputMessage } from './outbox.ts'

/** What became of a message that the bus has stored. */
export interface Acknowledgement {
  /** Its number in the stream. */
  readonly sequence: number
  /** The bus had it already and did not store it again. */
  readonly isDuplicate: boolean
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
  /** Whether the bus can be reached, as far as is known. */
  readonly isConnected: boolean
  /** Whether it has given up: it has to be opened again. */
  readonly isClosed: boolean
  /** The largest payload that the bus takes, in bytes. */
  readonly maxPayloadBytes: number
  close(): Promise<void>
}
