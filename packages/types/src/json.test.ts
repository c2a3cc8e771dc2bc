import { expect, it } from 'vitest'
import { isJsonObject, isPlainObject } from './json.ts'

it.each([
  [{}, true],
  [{ a: 1 }, true],
  [JSON.parse('{"__proto__":1}'), true],
  [[], false],
  [[{}], false],
  [null, false],
  [undefined, false],
  ['{}', false],
  [5, false],
  [true, false],
  [() => ({}), false],
])('%o is a JSON object: %s', (value, expected) => expect(isJsonObject(value)).toBe(expected))

class Content {
  readonly body = 'hello'
}

class More extends Content {}

/** What `Object.prototype` of another realm is here: the last prototype, with a constructor. */
const REALM: object = Object.create(null, { constructor: { value: () => undefined } })

it.each([
  ['an object', { a: 1 }, true],
  ['one with a member called constructor', { constructor: 1 }, true],
  ['one without a prototype', Object.create(null), true],
  ['one that inherits from another', Object.create({ a: 1 }), true],
  ['one of another realm', Object.create(REALM), true],
  ['a Map', new Map([['a', 1]]), false],
  [
    'one of a class of another realm',
    Object.create(Object.create(REALM, { constructor: { value: () => undefined } })),
    false,
  ],
  ['a Set', new Set(), false],
  ['a Date', new Date(0), false],
  ['an object of a class', new Content(), false],
  ['an object of a class of a class', new More(), false],
  ['a list', [], false],
  ['null', null, false],
  ['nothing', undefined, false],
  ['a text', '{}', false],
])('whether %s is a plain object', (_what, value, expected) => expect(isPlainObject(value)).toBe(expected))
