import { isJsonObject } from '@roomserver/types'
import { OPEN_OBJECT } from './bytes.ts'
import { opens } from './expecting.ts'
import type { Read } from './read.ts'
import { readJson } from './scalar-readers.ts'

const readPair = readJson()

const SEPARATOR = '\u001f'

/** `["$id", {"sha256": "…"}]` */
export const readEventReference: Read = (input, faults) => {
  const value = readPair(input, faults)
  const [eventId, hashes] = Array.isArray(value) ? value : []
  if (typeof eventId === 'string' && isJsonObject(hashes)) {
    const { sha256 } = hashes
    if (typeof sha256 === 'string') return { eventId, sha256 }
  }
  faults.noteText('gomatrixserverlib: not an event reference')
  return { eventId: '', sha256: '' }
}

/** An object whose names are several keys in one: becomes a list. The last key may hold the separator itself. */
export function readFlat(member: string, keys: readonly string[], valueName: string, readValue: Read): Read {
  return (input, faults) => {
    const entries: unknown[] = []
    if (opens(input, faults, OPEN_OBJECT, 'map[string]string')) {
      input.enter()
      for (let first = true; input.nextMember(first); first = false) {
        const parts = splitName(input.string(), keys.length)
        input.expectColon()
        const named = keys.map((key, index) => [key, parts[index] ?? ''] as const)
        entries.push({ ...Object.fromEntries(named), [valueName]: readValue(input, faults) })
      }
    }
    return { [member]: entries }
  }
}

function splitName(name: string, count: number): readonly string[] {
  const parts = name.split(SEPARATOR)
  return [...parts.slice(0, count - 1), parts.slice(count - 1).join(SEPARATOR)]
}
