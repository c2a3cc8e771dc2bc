/** A string, and the colon after it if it is a key. */
const STRING = /"[^"\\]*(?:\\.[^"\\]*)*"(:?)/gs
/** A private character, which nobody should use in names. */
const MARK = '\ue000'

/**
 * `JSON.parse` for canonical JSON, with every key as it is written.
 *
 * V8 13.6 (Node 24) takes a key with an escape for another one: having parsed an object with the key `\` it reads the
 * key `"` as that, and event types or user IDs in power levels may hold either. So such keys are parsed by themselves, and
 * a number behind a mark stands in their place; keys that start with the mark are replaced like them, so that a mark
 * always stands for another key, whatever a text holds.
 */
export function parseJson(text: string): unknown {
  if (!text.includes('\\')) return JSON.parse(text)
  const names: string[] = []
  const plain = text.replace(STRING, (string: string, colon: string) => {
    if (colon === '' || !(string.includes('\\') || string.startsWith(MARK, 1))) return string
    return `"${MARK}${names.push(JSON.parse(string.slice(0, -1)) as string) - 1}":`
  })
  return names.length === 0 ? JSON.parse(text) : withNames(JSON.parse(plain), names)
}

/** Puts the names back, in objects that are nobody else's yet. Canonical JSON is not too deep to go into itself. */
function withNames(value: unknown, names: readonly string[]): unknown {
  if (Array.isArray(value)) return value.map((item: unknown) => withNames(item, names))
  if (typeof value !== 'object' || value === null) return value
  const members = value as Record<string, unknown>
  let isMarked = false
  for (const name of Object.keys(members)) {
    const member = members[name]
    if (typeof member === 'object') members[name] = withNames(member, names)
    isMarked ||= name.startsWith(MARK)
  }
  return isMarked ? renamed(members, names) : members
}

function renamed(members: Readonly<Record<string, unknown>>, names: readonly string[]): unknown {
  return Object.fromEntries(
    Object.entries(members).map(([name, member]) => [
      name.startsWith(MARK) ? (names[Number(name.slice(1))] ?? name) : name,
      member,
    ]),
  )
}
