/**
 * The greatest size of an event, in bytes of canonical JSON, and so of all that becomes part of one.
 *
 * @see https://spec.matrix.org/v1.19/client-server-api/#size-limits
 */
export const MAX_EVENT_BYTES = 65_536

/** The longest form in which JSON can write a character that takes one byte in an event: `\u0041`. */
const LONGEST_ESCAPE = 6

/** The longest text that can become a value of `bytes` bytes in canonical JSON, blanks aside. */
export function longestTextOf(bytes: number): number {
  return LONGEST_ESCAPE * bytes
}

const KIB = 1024
const MIB = 1024 * KIB

/** How long the body of a request may be, by what is in it. */
export const BodySize = {
  /** A few IDs and switches. */
  small: 64 * KIB,
  /** The content of an event, however it is escaped, and a few IDs. */
  content: 512 * KIB,
  /** An event with what goes with it, however it is escaped. */
  event: MIB,
  /** An event, and the few state events that tell what room it is of. */
  invite: 4 * MIB,
  /** IDs of events, rooms or users, or entries of a state. */
  list: 16 * MIB,
  /** Events of a whole room: the state of one with 50,000 members takes 45 to 70 MiB. */
  events: Number.POSITIVE_INFINITY,
} as const

/** Entries of one list in a request. The state of a room with 50,000 members and its auth chain are half as many. */
export const MAX_LIST_ENTRIES = 250_000
