import { expect, it } from 'vitest'
import { parseJson5 } from './json5.ts'

it.each<[string, unknown]>([
  ['{}', {}],
  ['// a comment\n{ /* another */ a: 1, }', { a: 1 }],
  [
    `{ 'single': "double", $dollar_1: 'it\\'s', é_1: null }`,
    { single: 'double', $dollar_1: "it's", é_1: null },
  ],
  ['[1, -2.5, +3, .5, 5., 1e3, 0x1F, -0xff,]', [1, -2.5, 3, 0.5, 5, 1000, 31, -255]],
  [`'a\\\nb\\\r\nc\\td\\x41\\u0042\\0'`, 'abc\tdAB\0'],
  ['[true, false, null, [], {}]', [true, false, null, [], {}]],
  ['"\u2028"', '\u2028'],
  ['\uFEFF"behind a mark"', 'behind a mark'],
  ['{"__proto__": 1}', JSON.parse('{"__proto__": 1}')],
])('reads %j', (text, value) => {
  expect(parseJson5(text)).toEqual(value)
})

it.each([
  '',
  '{',
  '{a}',
  '{a: 1 b: 2}',
  '[1 2]',
  '[,]',
  '"a\nb"',
  "'",
  'NaN',
  '-Infinity',
  '1 2',
  'undefined',
  '/* no end',
  '"\\u00"',
  '['.repeat(200) + ']'.repeat(200),
])('does not take %j', (text) => {
  expect(parseJson5(text)).toBeUndefined()
})

it('reads what JSON is as JSON is read, however long it is', () => {
  const value = {
    list: Array.from({ length: 20_000 }, (_, at) => ({ at, text: `"\n\u0000 ${at}`, no: null })),
  }
  expect(parseJson5(JSON.stringify(value))).toEqual(value)
})
