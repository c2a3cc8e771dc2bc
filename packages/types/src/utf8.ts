/** Whether a well-formed text has more than `limit` bytes in UTF-8. */
export function isLongerThan(text: string, limit: number): boolean {
  // A UTF-16 unit has at least one byte and at most three, which settles most texts.
  if (text.length > limit) return true
  return text.length * 3 > limit && utf8Length(text) > limit
}

/** Bytes of a well-formed text in UTF-8. */
export function utf8Length(text: string): number {
  let bytes = text.length
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    // Each half of a surrogate pair counts two of the pair's four bytes.
    if (c >= 0x80) bytes += c < 0x800 || (c >= 0xd800 && c < 0xe000) ? 1 : 2
  }
  return bytes
}
