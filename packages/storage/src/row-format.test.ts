import { expect, it } from 'vitest'
import {
  assignments,
  bytes,
  code,
  flag,
  int,
  list,
  optional,
  rowFormat,
  text,
  textOrEmpty,
} from './row-format.ts'

interface Sample {
  readonly id: number
  readonly name: string
  readonly isOpen: boolean
  readonly state: 'new' | 'old'
  readonly others: readonly number[]
  readonly hash: string
  readonly note: string | undefined
  readonly reason: string | undefined
}

const format = rowFormat<Sample>()({
  id: int('id'),
  name: text('sample_name'),
  isOpen: flag('open'),
  state: code('state', ['new', 'old'], 'old', 1),
  others: list('other_ids'),
  hash: bytes(
    'hash',
    (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex')),
    (cell) => Buffer.from(cell).toString('hex'),
  ),
  note: textOrEmpty('note'),
  reason: optional(text('reason')),
})

const full: Sample = {
  id: 7,
  name: 'seven',
  isOpen: true,
  state: 'new',
  others: [1, 300],
  hash: '00ff',
  note: 'a note',
  reason: 'why not',
}
const bare: Sample = { ...full, isOpen: false, state: 'old', others: [], note: undefined, reason: undefined }

/** A row as a database gives it back. */
const asRow = (sample: Sample) =>
  Object.fromEntries(
    format.cells(sample).map((cell, index) => [format.names[index], cell]),
  ) as unknown as Parameters<typeof format.toItem>[0]

it('has the cells of a record in the order of its columns, and the record of a row', () => {
  expect(format.names).toEqual(['id', 'sample_name', 'open', 'state', 'other_ids', 'hash', 'note', 'reason'])
  expect(format.kinds).toEqual(['int', 'text', 'small', 'small', 'blob', 'blob', 'text', 'text'])
  expect(format.cells(full)).toEqual([
    7,
    'seven',
    1,
    1,
    Uint8Array.of(1, 0xac, 2),
    Uint8Array.of(0, 255),
    'a note',
    'why not',
  ])
  expect(format.cells(bare).slice(2)).toEqual([0, 2, new Uint8Array(), Uint8Array.of(0, 255), '', null])
  expect(format.toItem(asRow(full))).toEqual(full)
  expect(format.toItem(asRow(bare))).toEqual(bare)
})

it('reads a code that it does not know as the word for others', () => {
  expect(format.toItem({ ...asRow(full), state: 9 }).state).toBe('old')
})

it('reads and writes a part of a record', () => {
  const part = format.pick('isOpen', 'name')
  expect(part.names).toEqual(['open', 'sample_name'])
  expect(part.cells(full)).toEqual([1, 'seven'])
  expect(part.toItem({ open: 0, sample_name: 'x' })).toEqual({ isOpen: false, name: 'x' })
})

it('writes what something else becomes, and changes with null where there is none', () => {
  expect(
    format
      .pick('id', 'name')
      .from((id: number) => ({ id, name: `${id}` }))
      .cells(3),
  ).toEqual([3, '3'])
  const changes = format.pick('id', 'isOpen', 'note', 'others').changes()
  expect(changes.names).toEqual(['id', 'open', 'note', 'other_ids'])
  expect(changes.cells({ id: 1 })).toEqual([1, null, null, null])
  expect(changes.cells({ id: 1, isOpen: false, note: '', others: [] })).toEqual([1, 0, '', new Uint8Array()])
})

it('assigns columns of another row', () => {
  expect(assignments(['a', 'b'], 'v')).toBe('a = v.a, b = v.b')
})
