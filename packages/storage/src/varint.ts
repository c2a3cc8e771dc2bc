import { RoomserverError } from '@roomserver/types'

/** Grows as numbers are appended: seven bits a byte, the lowest first, for whole numbers from 0 to 2^53 - 1. */
export class VarintWriter {
  #bytes = new Uint8Array(64)
  #length = 0

  write(value: number): void {
    if (this.#length + 8 > this.#bytes.length) this.#grow()
    let rest = value
    while (rest > 0x7f) {
      this.#bytes[this.#length++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.#bytes[this.#length++] = rest
  }

  /** Appends a number that may be negative, so that small ones of either sign stay short. */
  writeSigned(value: number): void {
    this.write(value < 0 ? -2 * value - 1 : 2 * value)
  }

  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }

  #grow(): void {
    const larger = new Uint8Array(this.#bytes.length * 2)
    larger.set(this.#bytes)
    this.#bytes = larger
  }
}

/** Reads what a {@link VarintWriter} wrote. */
export class VarintReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length
  }

  /** @throws {RoomserverError} STORE_DAMAGED where the bytes end too early or the number is too large */
  read(): number {
    let value = 0
    let scale = 1
    for (;;) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined) throw damaged('a list of numbers is truncated')
      value += (byte & 0x7f) * scale
      if (byte < 0x80) break
      scale *= 0x80
    }
    if (value > Number.MAX_SAFE_INTEGER) throw damaged('a number in a list is too large')
    return value
  }

  readSigned(): number {
    const value = this.read()
    return value % 2 === 1 ? -(value + 1) / 2 : value / 2
  }
}

/** A list of whole numbers as bytes, in its own order. */
export function encodeList(values: readonly number[]): Uint8Array {
  const writer = new VarintWriter()
  for (const value of values) writer.write(value)
  return writer.bytes()
}

/** @throws {RoomserverError} STORE_DAMAGED if the bytes are not such a list */
export function decodeList<N extends number>(bytes: Uint8Array): N[] {
  const reader = new VarintReader(bytes)
  const values: N[] = []
  while (!reader.done) values.push(reader.read() as N)
  return values
}

function damaged(what: string): RoomserverError {
  return new RoomserverError(
    'STORE_DAMAGED',
    { what, repair: 'restore the database from a backup, or run `roomserver check --repair`' },
    `the database is damaged: ${what}`,
  )
}
