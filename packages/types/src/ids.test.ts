import { describe, expect, it } from 'vitest'
import { isAuthoredEventId, isServerName, isUserId, parseServerName, serverOf } from './ids.ts'

describe('a server name', () => {
  it.each([
    // name, is one
    ['matrix.org', true],
    ['matrix.org:8448', true],
    ['localhost', true],
    ['1.2.3.4:80', true],
    ['[1234:5678::abcd]', true],
    ['[1234:5678::abcd]:5678', true],
    ['[::ffff:1.2.3.4]', true],
    ['[1:2:3:4:5:6:7:8]', true],
    // In brackets only an address will do, and ruma parses it.
    ['[1:2:3]', false],
    ['[1:2]', false],
    ['[1.2.3.4]', false],
    ['[1::2::3]', false],
    ['[::12345]', false],
    ['[]', false],
    ['[::1', false],
    ['a_b', false],
    ['', false],
    [':8448', false],
    ['a:123456', false],
    ['a:', false],
    ['x'.repeat(255), true],
    ['x'.repeat(256), false],
    [`${'x'.repeat(250)}:8448`, true],
    [`${'x'.repeat(251)}:8448`, false],
    ['a:8448 ', false],
    [' a', false],
    ['a\n', false],
    ['a:b', false],
    ['[::1]x', false],
    ['a[::1]', false],
    ['::1', false],
  ])('%s: %s', (name, expected) => expect(isServerName(name)).toBe(expected))
})

describe('a user ID', () => {
  it.each([
    ['@alice:a.test', true],
    ['@:a.test', true],
    ['@Ä b\u0001\u007f:a.test:8448', true],
    ['@a:[::1]:8448', true],
    ['@a:[1:2:3]', false],
    // The appendices except two characters from the localparts of old: the colon, and this one.
    ['@a\0b:a.test', false],
    ['@\0:a.test', false],
    ['@a', false],
    ['@a:', false],
    ['a:a.test', false],
    ['', false],
    [`@${'x'.repeat(247)}:a.test`, true],
    [`@${'x'.repeat(248)}:a.test`, false],
    [`@${'ä'.repeat(124)}:a.test`, false],
  ])('%j: %s', (id, expected) => expect(isUserId(id)).toBe(expected))
})

describe('an event ID that the author gave', () => {
  it.each([
    ['$x:a.test', true],
    ['$:a.test', true],
    ['$x:[::1]:8448', true],
    // Every other server parses it; then nobody can have signed for it.
    ['$x', true],
    ['$', true],
    ['x:a.test', false],
    ['@x:a.test', false],
    ['$x:', false],
    ['$x:a b', false],
    ['$x:[1:2:3]', false],
    ['$\0:a.test', false],
    ['', false],
  ])('%j: %s', (id, expected) => expect(isAuthoredEventId(id)).toBe(expected))
})

it('takes a server name for one, and throws at what is none', () => {
  expect(parseServerName('a.test:8448')).toBe('a.test:8448')
  expect(() => parseServerName('a b')).toThrow(new TypeError('not a server name: "a b"'))
})

it.each([
  ['@alice:a.test', 'a.test'],
  ['$x:a.test:8448', 'a.test:8448'],
  ['!:', ''],
  [':a.test', 'a.test'],
  ['$hash', undefined],
  ['', undefined],
])('%j names the server %j', (id, server) => expect(serverOf(id)).toBe(server))

it.each([[undefined], [null], [7], [['a.test']], [['@alice:a.test']], [['$a:a.test']], [{}]])(
  '%j is no ID of any kind',
  (value) => {
    const untyped = value as never
    expect([isServerName(untyped), isUserId(untyped), isAuthoredEventId(untyped)]).toEqual([
      false,
      false,
      false,
    ])
  },
)
