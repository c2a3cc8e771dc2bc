import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { isIP } from 'node:net'

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

/** Tells whether a request asks for the server by an IP address, as `localhost`, or by one of these names. */
export function isNamed(headers: IncomingHttpHeaders, names: ReadonlySet<string>): boolean {
  const authority = headers[':authority'] ?? headers.host
  // Browsers name a host in every request, also of HTTP/1.0.
  if (authority === undefined) return true
  if (typeof authority !== 'string' || !URL.canParse(`http://${authority}`)) return false
  const { hostname } = new URL(`http://${authority}`)
  return isIP(hostname.replace(/^\[|\]$/g, '')) !== 0 || hostname === 'localhost' || names.has(hostname)
}

/**
 * Tells whether a request of HTTP/1.1 says in one way only what it asks for: an intermediary could take it for another
 * one where it names two hosts, or has the form for proxies.
 */
export function isPlain({ httpVersionMajor, rawHeaders, url = '' }: Target): boolean {
  if (httpVersionMajor === 0) return false
  if (httpVersionMajor > 1) return true
  const hosts = rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'host')
  return hosts.length <= 1 && (url.startsWith('/') || url === '*')
}

type Target = Pick<IncomingMessage, 'httpVersionMajor' | 'rawHeaders' | 'url'>

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
