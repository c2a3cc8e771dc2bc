import { sha1 } from '@noble/hashes/legacy.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'

/** SHA-1 of a text (as UTF-8), in lower-case hex. Room version 1 orders events by it; it protects nothing. */
export function sha1Hex(text: string): string {
  return bytesToHex(sha1(utf8ToBytes(text)))
}
