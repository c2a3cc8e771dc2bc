import { expect, it } from 'vitest'
import { isJsonObject } from './json.ts'

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
