import { isLongerThan, type JsonValue } from '@roomserver/types'
import { isDigit, MINUS, QUOTE } from './bytes.ts'
import { opens, skipOther } from './expecting.ts'
import type { JsonReader } from './json-reader.ts'
import { PARSED_BYTES_EACH } from './held-bytes.ts'
import { longestTextOf } from '../limits.ts'
import type { Read } from './read.ts'
import { SizeFault } from './syntax-fault.ts'
import type { TypeFaults } from './type-faults.ts'

/** Parsed values may be walked by recursion elsewhere, so they are not as deep as a body may be. */
const MAX_PARSED_DEPTH = 256

/** Escapes are the only way to half a surrogate pair. */
const LONE_SURROGATE_SUSPECT = /\\u[dD][89a-fA-F]/

export function readString(go: string): Read {
  return (input, faults) => (opens(input, faults, QUOTE, go) ? input.string() : '')
}

export function readBool(go: string): Read {
  return (input, faults) => {
    const byte = input.peek()
    if (byte !== 0x74 && byte !== 0x66) {
      skipOther(input, faults, go)
      return false
    }
    input.skip()
    return byte === 0x74
  }
}

export function readInt(go: string): Read {
  return (input, faults) => {
    const byte = input.peek()
    if (byte !== MINUS && !isDigit(byte)) {
      skipOther(input, faults, go)
      return 0
    }
    const literal = readJsonText(input)
    const value = Number(literal)
    if (/^-?\d+$/.test(literal) && Number.isSafeInteger(value)) return value + 0
    faults.note(`number ${literal}`, go)
    return 0
  }
}

/** The text of the value that is next. */
export function readJsonText(input: JsonReader): string {
  input.peek()
  const start = input.at
  input.skip()
  return input.text(start, input.at)
}

/**
 * Reads the value that is next, parsed.
 *
 * @param maxBytes - longest canonical form
 */
export function readJson(
  maxBytes = Number.POSITIVE_INFINITY,
): (input: JsonReader, faults: TypeFaults) => JsonValue {
  return (input, faults) => {
    input.peek()
    const start = input.at
    input.skip(MAX_PARSED_DEPTH)
    const length = input.at - start
    if (length > longestTextOf(maxBytes)) throw tooLong(faults, maxBytes)
    input.held.add(Math.min(length, maxBytes) * PARSED_BYTES_EACH)
    const value = parse(input.text(start, input.at))
    if (length > maxBytes && isLonger(value, maxBytes)) throw tooLong(faults, maxBytes)
    return value
  }
}

/** Whether a parsed value has a longer canonical form, which differs from this one in the order of its members. */
function isLonger(value: JsonValue, maxBytes: number): boolean {
  return isLongerThan(JSON.stringify(value), maxBytes)
}

function tooLong({ soFar }: TypeFaults, maxBytes: number): SizeFault {
  return new SizeFault(`${soFar.place.fields.join('.')} has more than ${maxBytes} bytes`)
}

function parse(text: string): JsonValue {
  if (!LONE_SURROGATE_SUSPECT.test(text)) return JSON.parse(text) as JsonValue
  return JSON.parse(text, (_name, value: JsonValue) =>
    typeof value === 'string' ? value.toWellFormed() : value,
  )
}
