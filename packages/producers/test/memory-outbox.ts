import type { Delivered, DeliveryStore, LogBounds, OutputEpoch, StreamRecord } from '@roomserver/types'
import type { OutboxRow, OutboxSource } from '../src/outbox.ts'

function fingerprintOf(life: number, index: number): string {
  return (life * 100_000 + index).toString(16).padStart(8, '0')
}

/** An outbox in memory. What was dropped can be brought back, as after a crash between publishing and dropping. */
export class MemoryOutbox implements OutboxSource {
  all: OutboxRow[] = []
  #rows: readonly OutboxRow[] = []
  #latest = new Map<string, number>()
  #next = 1
  #life = 0

  async outputs(after: number, limit: number): Promise<readonly OutboxRow[]> {
    return this.#rows.filter(({ position }) => position > after).slice(0, limit)
  }

  async waitingOutputs(after: number, limit: number): Promise<readonly OutboxRow[]> {
    return await this.outputs(after, limit)
  }

  async nextOutputs(delivered: readonly Delivered[], limit: number): Promise<readonly OutboxRow[]> {
    await this.recordDelivered(delivered)
    return await this.outputs(0, limit)
  }

  async recordDelivered(delivered: readonly Delivered[]): Promise<void> {
    await this.dropOutputs(delivered.map(({ position }) => position))
  }

  async dropOutputs(positions: readonly number[]): Promise<void> {
    const dropped = new Set(positions)
    this.#rows = this.#rows.filter(({ position }) => !dropped.has(position))
  }

  async outputBounds(after: number): Promise<LogBounds> {
    const last = this.all.at(-1)?.position ?? 0
    return { first: this.#rows[0]?.position ?? this.#next, last, isKnown: after <= last }
  }

  /** Appends `count` outputs, spread over rooms. */
  append(count: number, rooms: readonly string[] = ['!a:test', '!b:test', '!c:test']): void {
    const added = Array.from({ length: count }, (_, index) => {
      const roomId = rooms[index % rooms.length] ?? '!a:test'
      const seq = (this.#latest.get(roomId) ?? 0) + 1
      this.#latest.set(roomId, seq)
      return { position: this.#next++, roomId, seq, fingerprint: fingerprintOf(this.#life, index) }
    })
    this.all.push(...added)
    this.#rows = [...this.#rows, ...added]
  }

  protected putBackRows(rows: readonly OutboxRow[]): void {
    this.#rows = [...this.#rows, ...rows].toSorted((a, b) => a.position - b.position)
  }

  protected startPositions(first: number): void {
    this.#next = first
  }

  protected copyRows(): () => void {
    const [rows, latest, next, all] = [this.#rows, new Map(this.#latest), this.#next, [...this.all]]
    return () => {
      this.#rows = rows
      this.#latest = new Map(latest)
      this.#next = next
      this.all = [...all]
      // What is appended from now on says something else than what is lost.
      this.#life++
    }
  }

  /** The last `count` rows are there again, dropped or not. */
  bringBack(count: number): void {
    const kept = new Set(this.#rows)
    const back = this.all.slice(-count).filter((row) => !kept.has(row))
    this.#rows = [...this.#rows, ...back].toSorted((a, b) => a.position - b.position)
  }
}

/** The same, which keeps what was delivered and knows the stream, as a database does. It can be put back to how it was. */
export class KeepingOutbox extends MemoryOutbox implements DeliveryStore {
  delivered: readonly { readonly row: OutboxRow; readonly sequence: number }[] = []
  record: StreamRecord | undefined
  epochs: readonly OutputEpoch[] = [{ name: 'aaaaaaaaaaaa', firstPosition: 1 }]

  override async recordDelivered(delivered: readonly Delivered[]): Promise<void> {
    const rows = await this.outputs(0, Number.POSITIVE_INFINITY)
    const moved = delivered.flatMap(({ position, sequence }) =>
      rows.filter((row) => row.position === position).map((row) => ({ row, sequence })),
    )
    this.delivered = [...this.delivered, ...moved].toSorted((a, b) => a.sequence - b.sequence)
    await super.recordDelivered(delivered)
  }

  async streamRecord(): Promise<StreamRecord | undefined> {
    return this.record
  }

  async putStreamRecord(record: StreamRecord): Promise<void> {
    this.record = record
  }

  async deliveredRange(): Promise<{ readonly first: number; readonly last: number }> {
    return { first: this.delivered[0]?.sequence ?? 0, last: this.delivered.at(-1)?.sequence ?? 0 }
  }

  async countWaitingOutputs(limit: number): Promise<number> {
    return (await this.outputs(0, limit)).length
  }

  async requeueDelivered(fromSequence: number, slice: number): Promise<number> {
    const back = this.delivered.filter(({ sequence }) => sequence >= fromSequence).slice(0, slice)
    this.delivered = this.delivered.filter((one) => !back.includes(one))
    this.putBackRows(back.map(({ row }) => row))
    return back.length
  }

  async forgetDelivered(slice: number): Promise<number> {
    const count = Math.min(slice, this.delivered.length)
    this.delivered = this.delivered.slice(count)
    return count
  }

  async trimDelivered(): Promise<number> {
    return 0
  }

  async outputEpochs(): Promise<readonly OutputEpoch[]> {
    return this.epochs
  }

  async beginOutputEpoch(): Promise<void> {
    const firstPosition = (this.all.at(-1)?.position ?? 0) + 1_000
    this.epochs = [...this.epochs, { name: 'bbbbbbbbbbbb', firstPosition }]
    this.startPositions(firstPosition)
  }

  /** What it returns undoes what was recorded since, as a relay that is killed has not recorded it. */
  copyOfDeliveries(): () => void {
    const { delivered, record } = this
    return () => {
      this.putBackRows(this.delivered.filter((one) => !delivered.includes(one)).map(({ row }) => row))
      Object.assign(this, { delivered, record })
    }
  }

  /** A copy as a backup makes it; what it returns puts it back. */
  copy(): () => void {
    const { delivered, record, epochs } = this
    const putBack = this.copyRows()
    return () => {
      Object.assign(this, { delivered, record, epochs })
      putBack()
    }
  }
}
