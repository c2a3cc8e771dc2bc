import { isServerName, serverOf } from '@roomserver/types'

const MAX_BYTES = 255

/**
 * Tells whether `text` may stand for a user. Historical user IDs hold almost any character, so only the frame is
 * checked: `@`, a colon, a server behind it, at most 255 bytes.
 *
 * @see https://spec.matrix.org/v1.16/appendices/#historical-user-ids
 */
export function isUserId(text: string): boolean {
  if (!text.startsWith('@') || text.length > MAX_BYTES) return false
  const server = serverOf(text)
  return server !== undefined && isServerName(server) && utf8Length(text) <= MAX_BYTES
}

function utf8Length(text: string): number {
  let bytes = 0
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    // Each half of a surrogate pair stands for two of the four bytes.
    bytes += unit < 0x80 ? 1 : unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 2 : 3
  }
  return bytes
}
