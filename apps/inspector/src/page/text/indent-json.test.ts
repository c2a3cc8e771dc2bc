import { expect, it } from 'vitest'
import { indentJson } from './indent-json.ts'

it('lays out whatever JSON there is as JSON.stringify does', () => {
  for (const value of [
    {},
    [],
    { a: [], b: {} },
    { a: [1, 'x,{}[]:"\\', null], 'b"': { c: true } },
    7,
    'text',
    [[[]]],
  ]) {
    expect(indentJson(JSON.stringify(value))).toBe(JSON.stringify(value, null, 2))
  }
})

it('keeps numbers and escapes as they are written', () => {
  expect(indentJson('{"n":12345678901234567890,"t":"\\u202e","e":1E2}')).toBe(
    '{\n  "n": 12345678901234567890,\n  "t": "\\u202e",\n  "e": 1E2\n}',
  )
})

it('does not grow beyond measure with depth', () => {
  const deep = `${'['.repeat(10_000)}${']'.repeat(10_000)}`
  expect(indentJson(deep).length).toBeLessThan(60 * deep.length)
})

it('gives back all of what is not JSON', () => {
  expect(indentJson('{"a":"nothing').replace(/\s/g, '')).toBe('{"a":"nothing')
})
