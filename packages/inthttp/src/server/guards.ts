import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

/** Compares two secrets in a time that tells nothing of where they differ, nor of their lengths. */
export function sameSecret(given: string, wanted: string): boolean {
  return timingSafeEqual(digest(given), digest(wanted))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/** Tells whether a request carries the bearer token. */
export function hasToken(headers: IncomingHttpHeaders, token: string): boolean {
  const [scheme = '', given = ''] = (headers.authorization ?? '').split(' ', 2)
  return sameSecret(given, token) && scheme.toLowerCase() === 'bearer'
}

/** Tells whether a request carries the name and password (HTTP basic authentication). */
export function hasPassword(headers: IncomingHttpHeaders, username: string, password: string): boolean {
  const [scheme = '', given = ''] = (headers.authorization ?? '').split(' ', 2)
  const pair = Buffer.from(given, 'base64').toString('utf8')
  return sameSecret(pair, `${username}:${password}`) && scheme.toLowerCase() === 'basic'
}

/**
 * Tells whether a request comes from a web page of another site. Components send no `Origin`; a browser does, and a
 * page that somebody happens to look at must not command a room server that listens on their machine.
 */
export function isForeignPage(headers: IncomingHttpHeaders): boolean {
  const { origin } = headers
  if (origin === undefined) return false
  const authority = headers[':authority'] ?? headers.host
  return typeof authority !== 'string' || !URL.canParse(origin) || new URL(origin).host !== authority
}

/** Lets a connection make so many requests a second on average, with a reserve of five seconds. */
export class RateLimit {
  readonly #perSecond: number
  readonly #buckets = new WeakMap<object, { tokens: number; at: number }>()

  constructor(perSecond: number) {
    this.#perSecond = perSecond
  }

  /** Counts a request of a connection; false: one too many. */
  allows(connection: object, nowMs: number): boolean {
    const reserve = this.#perSecond * 5
    const bucket = this.#buckets.get(connection) ?? { tokens: reserve, at: nowMs }
    bucket.tokens = Math.min(reserve, bucket.tokens + ((nowMs - bucket.at) / 1_000) * this.#perSecond)
    bucket.at = nowMs
    this.#buckets.set(connection, bucket)
    if (bucket.tokens < 1) return false
    bucket.tokens--
    return true
  }
}
