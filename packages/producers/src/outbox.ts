/** An output that waits in the database. What else a row holds is the renderer's business. */
export interface OutboxRow {
  /** Position in the log over all rooms. */
  readonly position: number
  readonly roomId: string
  /** Number among the room's outputs: 1, 2, 3 … */
  readonly seq: number
}

/** Where outputs wait: the table that they were written to in the commit that caused them. */
export interface OutboxSource<Row extends OutboxRow = OutboxRow> {
  /** Outputs after a position, in order. Of one room, none is seen before those that precede it. */
  outputs(after: number, limit: number): Promise<readonly Row[]>
  dropOutputs(positions: readonly number[]): Promise<void>
  /** Drops outputs that were delivered and reads the first of the others, in one step where that is cheaper. */
  nextOutputs(delivered: readonly number[], limit: number): Promise<readonly Row[]>
}

/** Turns a row into the JSON text of an OutputEvent. */
export type RenderOutput<Row extends OutboxRow> = (row: Row) => string

/** An output as it travels. */
export interface OutputMessage {
  /** `<room_id>/<seq>`: the same output always has the same one. */
  readonly id: string
  readonly roomId: string
  /** An OutputEvent as JSON. */
  readonly payload: string
}

/** The message ID of an output, by which repeats are recognised. */
export function messageId(row: OutboxRow): string {
  return `${row.roomId}/${row.seq}`
}
