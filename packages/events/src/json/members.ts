import { parseJson } from './parse.ts'
import { readCanonical } from './reader.ts'

/** The members of an object as places in its canonical text, four numbers each (see {@link readCanonical}). */
export interface Members {
  readonly text: string
  readonly spans: readonly number[]
}

/** The members of an object in JSON text, taken leniently; undefined when `text` is something else. */
export function membersOf(text: string): Members | undefined {
  const read = readCanonical(text, 'lenient')
  return read.ok && read.spans ? { text: read.text, spans: read.spans } : undefined
}

/** The JSON text of a member's value; undefined when there is none of that name. */
export function memberText({ text, spans }: Members, name: string): string | undefined {
  for (let i = 0; i < spans.length; i += 4) {
    const start = spans[i] as number
    if ((spans[i + 1] as number) - start === name.length && text.startsWith(name, start)) {
      return text.slice(spans[i + 2], spans[i + 3])
    }
  }
  return undefined
}

/** A member's value; undefined when there is none of that name. */
export function memberValue(members: Members, name: string): unknown {
  const text = memberText(members, name)
  return text === undefined ? undefined : parseJson(text)
}

/**
 * The object's text with some members left out or replaced; still canonical.
 *
 * @param valueOf - the text to put in place of a member's value, `true` to keep it, `false` to leave the member out
 */
export function mapMembers(
  { text, spans }: Members,
  valueOf: (name: string, start: number, end: number) => string | boolean,
): string {
  let result = ''
  /** Where a run of members begins that stay side by side and are copied at once; -1: there is none. */
  let from = -1
  const add = (member: string) => {
    result += result === '' ? member : `,${member}`
  }
  const endRun = (end: number) => {
    if (from >= 0) add(text.slice(from, end))
    from = -1
  }
  for (let i = 0; i < spans.length; i += 4) {
    const nameStart = spans[i] as number
    const start = spans[i + 2] as number
    const value = valueOf(text.slice(nameStart, spans[i + 1]), start, spans[i + 3] as number)
    if (value === true) {
      if (from < 0) from = nameStart - 1
      continue
    }
    endRun(nameStart - 2)
    if (value !== false) add(text.slice(nameStart - 1, start) + value)
  }
  endRun(text.length - 1)
  return `{${result}}`
}

/** The object's text without the members of these names. */
export function withoutMembers(members: Members, names: ReadonlySet<string>): string {
  return mapMembers(members, (name) => !names.has(name))
}

/** The canonical text of an object with a member put in, or its value replaced. */
export function withMember(object: string, name: string, value: string): string {
  const members = membersOf(object)
  if (members && memberText(members, name) !== undefined) {
    return mapMembers(members, (each) => (each === name ? value : true))
  }
  const added = `"${name}":${value}}`
  return membersOf(object === '{}' ? `{${added}` : `${object.slice(0, -1)},${added}`)?.text ?? object
}
