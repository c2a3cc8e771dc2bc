import { LETTER_N, OPEN_LIST, OPEN_OBJECT, QUOTE } from './bytes.ts'
import type { JsonReader } from './json-reader.ts'
import type { TypeFaults } from './type-faults.ts'

const LETTER_T = 0x74
const LETTER_F = 0x66

/** Tells whether the next value begins with this byte; if not, passes over it and notes a fault unless it is `null`. */
export function opens(input: JsonReader, faults: TypeFaults, byte: number, go: string): boolean {
  if (input.peek() === byte) return true
  skipOther(input, faults, go)
  return false
}

/** Passes over a value that cannot become one of the Go type; `null` is nobody's fault. */
export function skipOther(input: JsonReader, faults: TypeFaults, go: string): void {
  const byte = input.peek()
  input.skip()
  if (byte !== LETTER_N) faults.note(kindOf(byte), go)
}

/** What a value is called that begins with this byte. */
function kindOf(byte: number): string {
  if (byte === QUOTE) return 'string'
  if (byte === OPEN_OBJECT) return 'object'
  if (byte === OPEN_LIST) return 'array'
  return byte === LETTER_T || byte === LETTER_F ? 'bool' : 'number'
}
