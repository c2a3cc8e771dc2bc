import type { Cell, Kind } from '../dialect.ts'
import { storable } from '../../text.ts'

/** The types of elements as PostgreSQL numbers them. */
const OIDS: Readonly<Record<Kind, number>> = { int: 20, small: 21, text: 25, blob: 17 }

const HEADER_BYTES = 20
const LENGTH_BYTES = 4
const NULL_LENGTH = -1
const TWO_TO_32 = 2 ** 32

/**
 * A list as a parameter of an array type, in PostgreSQL's binary form. As text every quote in an event's JSON would have
 * to be escaped here and found again there.
 */
export function arrayParameter(kind: Kind, cells: readonly Cell[]): Buffer {
  const values =
    kind === 'text' ? cells.map((cell) => (typeof cell === 'string' ? storable(cell) : cell)) : cells
  const lengths = values.map((value) => lengthOf(kind, value))
  const bytes = lengths.reduce((sum, length) => sum + LENGTH_BYTES + Math.max(length, 0), HEADER_BYTES)
  const array = Buffer.allocUnsafe(bytes)
  const hasNull = lengths.includes(NULL_LENGTH)
  // Dimensions, whether any is null, type of the elements, how many there are, number of the first.
  let at = 0
  for (const field of [1, hasNull ? 1 : 0, OIDS[kind], values.length, 1]) at = array.writeInt32BE(field, at)
  for (let index = 0; index < values.length; index++) {
    const value = values[index] ?? null
    const length = lengths[index] ?? NULL_LENGTH
    at = array.writeInt32BE(length, at)
    if (value !== null) at = write(array, at, kind, value, length)
  }
  return array
}

function lengthOf(kind: Kind, value: Cell): number {
  if (value === null) return NULL_LENGTH
  if (typeof value === 'string') return Buffer.byteLength(value)
  return typeof value === 'number' ? (kind === 'int' ? 8 : 2) : value.byteLength
}

function write(array: Buffer, at: number, kind: Kind, value: Exclude<Cell, null>, length: number): number {
  if (typeof value === 'string') return at + array.write(value, at, length)
  if (typeof value !== 'number') {
    array.set(value, at)
    return at + length
  }
  if (kind === 'small') return array.writeInt16BE(value, at)
  const high = Math.floor(value / TWO_TO_32)
  return array.writeUInt32BE(value - high * TWO_TO_32, array.writeInt32BE(high, at))
}
