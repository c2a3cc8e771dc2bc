import type { Delivered, OutputEpoch } from '@roomserver/types'
import { epochAt } from './epochs.ts'

/** An output that waits in the database. What else a row holds is the renderer's business. */
export interface OutboxRow {
  /** Position in the log over all rooms. */
  readonly position: number
  readonly roomId: string
  /** Number among the room's outputs: 1, 2, 3 … */
  readonly seq: number
  /** The lowest number among the outputs of the room that wait; left out: this one's. */
  readonly firstWaiting?: number
  /** Tells it from another output of the same number, as one that a restore of the database lost. */
  readonly fingerprint?: string
}

/** Where outputs wait: the table that they were written to in the commit that caused them. */
export interface OutboxSource<Row extends OutboxRow = OutboxRow> {
  /** Outputs after a position, in the order of positions. */
  waitingOutputs(after: number, limit: number): Promise<readonly Row[]>
  /** Takes outputs that were delivered out of those that wait. */
  recordDelivered(delivered: readonly Delivered[]): Promise<void>
  /** The same, and reads the first of the others, in one step where that is cheaper. */
  nextOutputs(delivered: readonly Delivered[], limit: number): Promise<readonly Row[]>
}

/** Turns a row into the JSON text of an OutputEvent. */
export type RenderOutput<Row extends OutboxRow> = (row: Row) => string

/** An output as it travels. */
export interface OutputMessage {
  /** See {@link messageId}: the same output always has the same one, and no other has it. */
  readonly id: string
  readonly roomId: string
  /** An OutputEvent as JSON. */
  readonly payload: string
}

/**
 * The message ID of an output, by which repeats are recognised: `<room_id>/<epoch>-<fingerprint>/<seq>`. A database that was
 * put back to an older copy gives the numbers of lost outputs again: the epoch, and before it is known that there is a new
 * one the fingerprint, keep them apart. `<room_id>/<seq>` where a log has no epochs.
 */
export function messageId(row: OutboxRow, epochs: readonly OutputEpoch[] = []): string {
  const epoch = epochAt(epochs, row.position)
  if (epoch === undefined) return `${row.roomId}/${row.seq}`
  return `${row.roomId}/${epoch.name}-${row.fingerprint ?? '00000000'}/${row.seq}`
}

/**
 * The message ID of an output that takes the place of its copy with a number in the stream, where the stream has lost the copy and
 * would still take the output for a repeat of it: `<message ID>/again-<sequence>`.
 */
export function messageIdInPlaceOf(id: string, sequence: number): string {
  return `${id}/again-${sequence}`
}

/** What a message ID says. That it takes the place of a lost copy makes no difference. */
export interface MessageIdParts {
  readonly roomId: string
  /** Empty where the log has no epochs, as is the fingerprint. */
  readonly epoch: string
  readonly fingerprint: string
  readonly seq: number
}

/** @returns `undefined` for an ID that neither {@link messageId} nor {@link messageIdInPlaceOf} made */
export function parseMessageId(id: string): MessageIdParts | undefined {
  const [, roomId, epoch = '', fingerprint = '', seq] =
    /^(.*?)(?:\/([0-9a-f]{12})-([0-9a-f]{8}))?\/(\d{1,16})(?:\/again-\d{1,16})?$/s.exec(id) ?? []
  if (roomId === undefined || seq === undefined) return undefined
  return { roomId, epoch, fingerprint, seq: Number(seq) }
}
