import { describe, expect, it } from 'vitest'
import { hasPassword, hasToken, isForeignPage, RateLimit, sameSecret } from './guards.ts'

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
