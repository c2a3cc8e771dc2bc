/** Sizes that bound an event. @see https://spec.matrix.org/v1.19/client-server-api/#size-limits */
export const MAX_EVENT_BYTES = 65_536

/** The greatest size of `sender`, `room_id`, `state_key`, `type` and `event_id`, in bytes. */
export const MAX_ID_BYTES = 255

/** The greatest number of entries in `prev_events`. */
export const MAX_PREV_EVENTS = 20

/** The greatest number of entries in `auth_events`. */
export const MAX_AUTH_EVENTS = 10

/**
 * How many signatures of one server are looked at in an event. The specification has no bound, and an event has room for
 * thousands, each by a key that would have to be asked for; servers sign with one key, or two while they change it.
 */
export const MAX_SIGNATURES_PER_SERVER = 10

/**
 * How deep lists and objects may nest. The specification has no bound; the JSON parsers of servers in production do
 * (Python's gives up at about 1,000), and whoever walks an event's content needs one.
 */
export const MAX_JSON_DEPTH = 1_000

/** Longest text that is looked at: an event in canonical form is at most 65,536 bytes, escapes and blanks make it longer. */
export const MAX_TEXT_LENGTH = 16 * MAX_EVENT_BYTES
