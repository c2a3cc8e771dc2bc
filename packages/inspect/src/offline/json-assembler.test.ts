import { expect, it } from 'vitest'
import { JsonAssembler } from './json-assembler.ts'

const limits = { maxValueBytes: 200, maxElements: 20 }

function assembled(text: string, size = 1_000) {
  const assembler = new JsonAssembler(limits)
  const bytes = new TextEncoder().encode(text)
  for (let at = 0; at < bytes.length && !assembler.isOver; at += size)
    assembler.push(bytes.subarray(at, at + size))
  return assembler.end()
}

const VALUES = [
  [],
  [1, 'two', null, [3, [4]], { five: { six: [7] } }],
  ['a "quoted" text, with ] and }', '\\', '\\"', 'ends with \\\\', '[', '{"', '🦆 \u0000'],
  {},
  { pdus: [], auth_chain: [{}] },
  { type: 'a', list: ['b', [1, 2]], inner: { list: [[1], [2]] }, last: [true] },
  JSON.parse('{"__proto__": [1, 2], "constructor": [{}], "a": {"__proto__": []}}') as object,
]

it.each(VALUES.flatMap((value) => [[JSON.stringify(value)], [JSON.stringify(value, null, 2)]]))(
  'reads %s as JSON.parse does, wherever it is cut',
  (text) => {
    for (let size = 1; size <= text.length + 2; size++) {
      const read = assembled(`\ufeff ${text}\n`, size)
      expect(read, `${size} bytes at a time`).toMatchObject({ kind: 'value', faults: [] })
      expect(read.kind === 'value' && JSON.stringify(read.value)).toBe(JSON.stringify(JSON.parse(text)))
    }
  },
)

it('takes the last of members of the same name', () => {
  expect(assembled('{"a":[1],"b":[2],"a":[3]}')).toMatchObject({ value: { a: [3], b: [2] } })
  expect(assembled('{"a":[1],"a":2}')).toMatchObject({ value: { a: 2 } })
})

it.each([
  ['an element that is not JSON', '[1,x,3]', [1, 3], ['element 2: not valid JSON']],
  ['an element that is missing', '[1,,3]', [1, 3], ['element 2: not valid JSON']],
  ['a comma too many', '[1,]', [1], ['element 2: not valid JSON']],
  ['a bracket too many', '[1},2]', [2], ['element 1: not valid JSON']],
  ['a file that was cut off', '[1,{"a":', [1], ['the array ends in the middle, at element 2']],
  ['something behind the array', '[1] [2]', [1], ['there is something behind the array, which is not read']],
])('keeps what it can read of an array with %s', (_what, text, value, faults) => {
  for (const size of [1, 3, 100]) expect(assembled(text, size)).toEqual({ kind: 'value', value, faults })
})

it('tells of elements of the lists of an object that it cannot read', () => {
  expect(assembled('{"a":[1],"b":[2,x]}')).toMatchObject({
    value: { a: [1], b: [2] },
    faults: ['element 2 of list 2: not valid JSON'],
  })
})

it.each([
  ['', 'unreadable'],
  ['5', 'unreadable'],
  ['// {"a":1}', 'unreadable'],
  ["{ tardis_version: 1, events: ['a'] }", 'unreadable'],
  ['{"a":[1]', 'unreadable'],
  ['{"a":1]', 'unreadable'],
  ['{"a" [1]}', 'unreadable'],
  ['{"a":1}\n{"b":2}', 'more-values'],
  ['{"a":1} x', 'more-values'],
])('says of %s that it is %s', (text, kind) => {
  for (const size of [1, 100]) expect(assembled(text, size)).toEqual({ kind })
})

it('holds no more than the limits allow, and says so', () => {
  const long = `"${'x'.repeat(300)}"`
  expect(assembled(`[1,${long},2]`, 8)).toMatchObject({
    value: [1],
    faults: [expect.stringMatching('element 2: more than 200 bytes') as string],
  })
  expect(assembled(`{"a":[1,${long}]}`, 8)).toEqual({ kind: 'unreadable' })
  expect(assembled(`{"a":${long}}`, 8)).toEqual({ kind: 'unreadable' })
  expect(assembled(`[${'1,'.repeat(100)}1]`)).toMatchObject({
    value: Array<number>(20).fill(1),
    faults: [expect.stringMatching('more than 20 elements') as string],
  })
})
