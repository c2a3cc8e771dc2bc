import type { OutboxRow, OutboxSource } from '../src/outbox.ts'

/** An outbox in memory. What was dropped can be brought back, as after a crash between publishing and dropping. */
export class MemoryOutbox implements OutboxSource {
  readonly all: OutboxRow[] = []
  #rows: readonly OutboxRow[] = []
  readonly #latest = new Map<string, number>()

  async outputs(after: number, limit: number): Promise<readonly OutboxRow[]> {
    return this.#rows.filter(({ position }) => position > after).slice(0, limit)
  }

  async nextOutputs(delivered: readonly number[], limit: number): Promise<readonly OutboxRow[]> {
    await this.dropOutputs(delivered)
    return await this.outputs(0, limit)
  }
  async dropOutputs(positions: readonly number[]): Promise<void> {
    const dropped = new Set(positions)
    this.#rows = this.#rows.filter(({ position }) => !dropped.has(position))
  }

  async firstOutput(): Promise<number> {
    return this.#rows[0]?.position ?? this.all.length + 1
  }

  /** Appends `count` outputs, spread over rooms. */
  append(count: number, rooms: readonly string[] = ['!a:test', '!b:test', '!c:test']): void {
    const added = Array.from({ length: count }, (_, index) => {
      const roomId = rooms[index % rooms.length] ?? '!a:test'
      const seq = (this.#latest.get(roomId) ?? 0) + 1
      this.#latest.set(roomId, seq)
      return { position: this.all.length + index + 1, roomId, seq }
    })
    this.all.push(...added)
    this.#rows = [...this.#rows, ...added]
  }

  /** The last `count` rows are there again, dropped or not. */
  bringBack(count: number): void {
    const kept = new Set(this.#rows)
    const back = this.all.slice(-count).filter((row) => !kept.has(row))
    this.#rows = [...this.#rows, ...back].toSorted((a, b) => a.position - b.position)
  }
}
