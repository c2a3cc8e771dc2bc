/**
 * Other servers choose the identifiers that we keep, and JavaScript holds strings that a database does not: PostgreSQL
 * refuses U+0000, and half a surrogate pair has no UTF-8 form, so that different strings would be stored as one. Those
 * characters, and the escape character itself, are stored as ESC and four hex digits.
 */
const ESCAPE = '\u001b'
// oxlint-disable-next-line no-control-regex
const UNSTORABLE = /[\u0000\u001b]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g
// oxlint-disable-next-line no-control-regex
const ESCAPED = /\u001b([0-9a-f]{4})/g

/** The form in which a string is stored: itself, but for the few that no database takes. */
export function storable(text: string): string {
  if (text.isWellFormed() && !text.includes('\u0000') && !text.includes(ESCAPE)) return text
  return text.replace(UNSTORABLE, (unit) => ESCAPE + unit.charCodeAt(0).toString(16).padStart(4, '0'))
}

/** The string that {@link storable} was given. */
export function stored(text: string): string {
  if (!text.includes(ESCAPE)) return text
  return text.replace(ESCAPED, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}
