import { eventMembers } from './event-members.ts'
import { memberText } from './json/members.ts'

/**
 * The events of a list in an answer of another server, such as the `pdus` of `/state`, each as canonical JSON text: numbers
 * stay as they are written, which parsing would not leave them.
 *
 * @param answer - the JSON text, or the object parsed from it
 * @returns `undefined` when there is no list of that name
 * @throws {RoomserverError} MALFORMED_EVENT when the answer is not a JSON object
 */
export function eventTextsIn(answer: string | object, name: string): readonly string[] | undefined {
  const list = memberText(eventMembers(answer), name)
  return list?.startsWith('[') === true ? itemsOf(list) : undefined
}

/**
 * The event that is a member of an answer, such as the `event` of `/send_join`, as canonical JSON text.
 *
 * @returns `undefined` when there is none
 * @throws {RoomserverError} MALFORMED_EVENT when the answer is not a JSON object
 */
export function eventTextIn(answer: string | object, name: string): string | undefined {
  return memberText(eventMembers(answer), name)
}

/** The texts of the items of a list in canonical JSON. */
function itemsOf(list: string): readonly string[] {
  const items: string[] = []
  let depth = 0
  let start = 1
  for (let at = 1; at < list.length; at++) {
    const c = list[at]
    if (c === '"') at = endOfString(list, at)
    else if (c === '[' || c === '{') depth++
    else if (depth > 0 && (c === ']' || c === '}')) depth--
    else if (depth === 0 && (c === ',' || c === ']')) {
      if (at > start) items.push(list.slice(start, at))
      start = at + 1
    }
  }
  return items
}

/** The place of the quote that ends the string that begins at `start`. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text[at] === '"') return at
  }
  return text.length
}
