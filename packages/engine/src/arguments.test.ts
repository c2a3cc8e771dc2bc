import { describe, expect, it } from 'vitest'
import {
  aliasArgument,
  listArgument,
  numberArgument,
  objectArgument,
  textArgument,
  userArgument,
} from './arguments.ts'

const refusal = (expected: string) =>
  expect.objectContaining({ code: 'INVALID_ARGUMENT', details: { argument: 'x', expected } }) as Error

type Check = (argument: string, value: unknown) => unknown

const alias: Check = (argument, value) => aliasArgument(argument, value, 'a.example')
const fromTwo: Check = (argument, value) => numberArgument(argument, value, 2)
const texts: Check = (argument, value) => listArgument(argument, value, textArgument)

describe.each<readonly [string, Check, readonly unknown[], string, readonly unknown[]]>([
  ['a text', textArgument, ['', 'x'], 'a string', [undefined, null, 7, ['x'], { x: 1 }]],
  [
    'an object',
    objectArgument,
    [{}, { a: 1 }],
    'an object',
    [undefined, null, 'x', [], 7, new Map(), new Date(0)],
  ],
  [
    'a user',
    userArgument,
    ['@alice:example.org'],
    'a user ID such as @alice:example.org',
    [undefined, 7, 'alice', '@alice', '#a:example.org', ['@alice:example.org']],
  ],
  [
    'an alias of this server',
    alias,
    ['#tea:a.example'],
    'an alias of this server, such as #tea:a.example',
    [undefined, 7, '@tea:a.example', '#tea:b.example', '#tea', ['#tea:a.example']],
  ],
  [
    'a number',
    fromTwo,
    [2, 3, Number.MAX_SAFE_INTEGER],
    'a whole number from 2',
    [undefined, '2', 1, 2.5, Number.NaN, Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER + 1],
  ],
  ['a list', texts, [[], ['a', 'b']], 'a list', [undefined, 'ab', { 0: 'a', length: 1 }]],
])('%s', (_what, check, good, expected, bad) => {
  const each = (values: readonly unknown[]) => values.map((value) => ({ value }))

  it.each(each(good))('can be $value', ({ value }) => {
    expect(check('x', value)).toEqual(value)
  })

  it.each(each(bad))('cannot be $value', ({ value }) => {
    expect(() => check('x', value)).toThrow(refusal(expected))
  })
})

it('looks at every item of a list', () => {
  expect(() => texts('x', ['a', 7])).toThrow(refusal('a string'))
})
