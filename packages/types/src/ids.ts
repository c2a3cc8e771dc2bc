declare const brand: unique symbol

/** A primitive that only its parser, or the store that assigned it, can mint. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name }

/** `$opaque:server` (room versions 1 and 2) or `$hash` (3 and later). */
export type EventId = string

/** `!opaque:server` (room versions 1 to 11) or `!hash` (12). */
export type RoomId = string

/** `@localpart:server`. Historical user IDs hold almost any character, so this stays a plain string. */
export type UserId = string

/** The name a room version goes by, such as `"10"`. */
export type RoomVersionId = string

/** `host[:port]`, already checked against the server-name grammar. */
export type ServerName = Brand<string, 'ServerName'>

const SERVER_NAME = /^(?:\[[0-9A-Fa-f:.]{2,45}\]|[0-9A-Za-z.-]{1,255})(?::\d{1,5})?$/

/** Tells whether `text` is a server name. @see https://spec.matrix.org/v1.16/appendices/#server-name */
export function isServerName(text: string): text is ServerName {
  return text.length <= 255 && SERVER_NAME.test(text)
}

/**
 * Checks a server name.
 *
 * @throws {TypeError} when `text` is no server name; use {@link isServerName} for input from the network
 */
export function parseServerName(text: string): ServerName {
  if (!isServerName(text)) throw new TypeError(`not a server name: ${JSON.stringify(text)}`)
  return text
}

/**
 * The part behind the first colon of an event, room or user ID: the server that made it; `undefined` where there
 * is none. It is not checked to be a server name.
 */
export function serverOf(id: string): string | undefined {
  const colon = id.indexOf(':')
  return colon < 0 ? undefined : id.slice(colon + 1)
}
