import { isJsonObject, type JsonObject } from '@roomserver/types'

/** A string, and the colon after it if it is a key. */
const STRING = /"[^"\\]*(?:\\.[^"\\]*)*"(:?)/gs
/** A private character, which nobody should use in names. */
const MARK = '\ue000'

/**
 * `JSON.parse` for canonical JSON, with every key as it is written.
 *
 * V8 13.6 (Node 24) takes a key with an escape for another one: having parsed an object with the key `\` it reads the
 * key `"` as that, and event types or user IDs in power levels may hold either. So such keys are parsed by themselves.
 */
export function parseJson(text: string): unknown {
  if (!text.includes('\\')) return JSON.parse(text)
  let mark = MARK
  while (text.includes(mark)) mark += MARK
  const names = new Map<string, string>()
  const plain = text.replace(STRING, (string: string, colon: string) => {
    if (colon === '' || !string.includes('\\')) return string
    const stand = `${mark}${names.size}`
    names.set(stand, JSON.parse(string.slice(0, -1)) as string)
    return `"${stand}":`
  })
  if (names.size === 0) return JSON.parse(text)
  return JSON.parse(plain, (_key, value: unknown) => (isJsonObject(value) ? withNames(value, names) : value))
}

function withNames(object: JsonObject, names: ReadonlyMap<string, string>): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [names.get(name) ?? name, value]))
}
