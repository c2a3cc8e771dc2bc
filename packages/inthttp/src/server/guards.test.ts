import { describe, expect, it } from 'vitest'
import { hasPassword, hasToken, isForeignPage, isNamed, isPlain, RateLimit, sameSecret } from './guards.ts'

it('compares secrets of any length', () => {
  expect(sameSecret('a', 'a')).toBe(true)
  expect(sameSecret('', 'a')).toBe(false)
  expect(sameSecret('a'.repeat(10_000), 'a')).toBe(false)
})

it.each([
  [undefined, false],
  ['', false],
  ['Bearer', false],
  ['bearer t', true],
  ['Bearer t', true],
  ['Bearer t x', true],
  ['Basic t', false],
])('takes the header %j for the token: %s', (authorization, isRight) => {
  expect(hasToken(authorization === undefined ? {} : { authorization }, 't')).toBe(isRight)
})

it('takes a name and password, colons and all', () => {
  const basic = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString('base64')}` })
  expect(hasPassword(basic('a:b:c'), 'a', 'b:c')).toBe(true)
  expect(hasPassword(basic('a:b'), 'a', 'b:c')).toBe(false)
  expect(hasPassword({}, '', '')).toBe(false)
})

it.each([
  ['a component', { host: 'localhost:7770' }, false],
  ['our own page', { host: 'localhost:7770', origin: 'http://localhost:7770' }, false],
  ['our own page over HTTP/2', { ':authority': 'localhost:7770', origin: 'http://localhost:7770' }, false],
  ['a page of another port', { host: 'localhost:7770', origin: 'http://localhost:80' }, true],
  ['a page of another site', { host: 'localhost:7770', origin: 'https://evil.example' }, true],
  ['a page without an origin', { host: 'localhost:7770', origin: 'null' }, true],
  ['a page that names no host', { origin: 'http://localhost:7770' }, true],
])('knows %s', (_why, headers, isForeign) => {
  expect(isForeignPage(headers)).toBe(isForeign)
})

describe('the rate limit', () => {
  it('allows a reserve, and then so many a second, for each connection apart', () => {
    const limit = new RateLimit(10)
    const one = {}
    const other = {}
    const count = (connection: object, at: number) =>
      Array.from({ length: 100 }, () => limit.allows(connection, at)).filter(Boolean).length
    expect([count(one, 0), count(other, 0), count(one, 0)]).toEqual([50, 50, 0])
    expect(count(one, 1_000)).toBe(10)
    expect(count(one, 1_000_000)).toBe(50)
  })
})

it.each([
  ['127.0.0.1:7770', true],
  ['10.1.2.3', true],
  ['[::1]:7770', true],
  ['localhost:7770', true],
  ['LOCALHOST', true],
  ['rooms.internal:80', true],
  ['Rooms.Internal', true],
  ['evil.example:7770', false],
  ['localhost.evil.example', false],
  ['rooms.internal.evil.example', false],
  ['127.0.0.1.evil.example', false],
  ['', false],
  ['a b', false],
])('knows whether %j is a name of the server: %s', (host, isKnown) => {
  const names = new Set(['rooms.internal'])
  expect(isNamed({ host }, names)).toBe(isKnown)
  expect(isNamed({ ':authority': host, host: 'localhost' }, names)).toBe(isKnown)
})

it('takes a request of HTTP/1.0 that names no host, which no web page can send', () => {
  expect(isNamed({}, new Set())).toBe(true)
})

it.each([
  ['a path', 1, ['Host', 'a', 'x', 'host'], '/x', true],
  ['all of the server', 1, ['Host', 'a'], '*', true],
  ['two hosts', 1, ['Host', 'a', 'HOST', 'b'], '/x', false],
  ['a URL', 1, ['Host', 'a'], 'http://a/x', false],
  ['no version', 0, [], '/x', false],
  ['HTTP/2', 2, [':authority', 'a', 'host', 'b'], '/x', true],
] as const)('knows whether a request is plain: %s', (_what, httpVersionMajor, rawHeaders, url, isSo) => {
  expect(isPlain({ httpVersionMajor, rawHeaders: [...rawHeaders], url })).toBe(isSo)
})
