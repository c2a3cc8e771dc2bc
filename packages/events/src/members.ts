import { isCanonicalText } from './canonical-scan.ts'

/** The members of a canonical JSON object as places in its text, four numbers each (see {@link isCanonicalText}). */
export interface Members {
  readonly text: string
  readonly spans: readonly number[]
}

/** The members of an object in canonical JSON; undefined when `text` is something else. */
export function membersOf(text: string): Members | undefined {
  const spans: number[] = []
  return isCanonicalText(text, 'lenient', spans) && text.startsWith('{') ? { text, spans } : undefined
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
  return text === undefined ? undefined : JSON.parse(text)
}

/**
 * The object's text with some members left out or replaced; still canonical.
 *
 * @param valueOf - for each name and value text: the text to put in place of the value, or undefined to leave it out
 */
export function mapMembers(
  { text, spans }: Members,
  valueOf: (name: string, value: string) => string | undefined,
): string {
  let result = ''
  for (let i = 0; i < spans.length; i += 4) {
    const name = text.slice(spans[i], spans[i + 1])
    const value = valueOf(name, text.slice(spans[i + 2], spans[i + 3]))
    if (value !== undefined) result += `${result === '' ? '' : ','}"${name}":${value}`
  }
  return `{${result}}`
}

/** The object's text without the members of these names. */
export function withoutMembers(members: Members, names: ReadonlySet<string>): string {
  return mapMembers(members, (name, value) => (names.has(name) ? undefined : value))
}
