import { isIpv6 } from './ip-address.ts'
import { isLongerThan } from './utf8.ts'

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

/** The most bytes of an ID or a server name. */
const MAX_ID_BYTES = 255
const SERVER_NAME = /^(?:\[([0-9A-Fa-f:.]{2,45})\]|[0-9A-Za-z.-]{1,255})(?::\d{1,5})?$/

/**
 * Tells whether `text` is a server name: a DNS name or an IPv4 address, or an IPv6 address in brackets, and a port
 * or none.
 *
 * @see https://spec.matrix.org/v1.19/appendices/#server-name
 */
export function isServerName(text: string): text is ServerName {
  const parts = typeof text === 'string' && text.length <= MAX_ID_BYTES ? SERVER_NAME.exec(text) : null
  if (parts === null) return false
  const [, ipv6] = parts
  return ipv6 === undefined || isIpv6(ipv6)
}

/**
 * Tells whether `text` may stand for a user. Historical user IDs hold almost any character, so only the frame is
 * checked: `@`, a localpart without NUL, a colon, a server name; at most 255 bytes.
 *
 * @see https://spec.matrix.org/v1.19/appendices/#historical-user-ids
 */
export function isUserId(text: string): boolean {
  return (
    typeof text === 'string' &&
    text.startsWith('@') &&
    !isLongerThan(text, MAX_ID_BYTES) &&
    hasServerAndNoNul(text)
  )
}

/**
 * Tells whether `text` may stand for an event where its author names it (room versions 1 and 2). One without a server
 * passes here, as it does with other servers; nobody can have signed for it, so its signatures are not good.
 *
 * @see https://spec.matrix.org/v1.19/rooms/v1/#event-ids
 */
export function isAuthoredEventId(text: string): boolean {
  if (typeof text !== 'string' || !text.startsWith('$')) return false
  return text.includes(':') ? hasServerAndNoNul(text) : !text.includes('\0')
}

function hasServerAndNoNul(id: string): boolean {
  const server = serverOf(id)
  return server !== undefined && isServerName(server) && !id.includes('\0')
}

/**
 * Checks a server name.
 *
 * @throws {TypeError} if `text` is not a server name; use {@link isServerName} for input from the network
 * @example
 * ```ts
 * import { parseServerName } from '@roomserver/types'
 *
 * console.log(parseServerName('example.org:8448'))
 * ```
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
