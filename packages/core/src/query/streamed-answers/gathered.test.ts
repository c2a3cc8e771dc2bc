import { expect, it } from 'vitest'
import { gathered } from './gathered.ts'

const part = (length: number, byte = 1) => new Uint8Array(length).fill(byte)

it.each([
  [[], []],
  [[10], [10]],
  [[10, 20, 30], [60]],
  // What is large goes out by itself, and what stands before it first.
  [[16_384], [16_384]],
  [[16_383, 16_383], [32_766]],
  [
    [10, 16_384, 20, 30],
    [10, 16_384, 50],
  ],
  [
    [16_384, 16_385],
    [16_384, 16_385],
  ],
  // As much as is enough is put together, and no more.
  [[16_000, 16_000, 16_000, 16_000, 1_536], [65_536]],
  [
    [16_000, 16_000, 16_000, 16_000, 1_537, 1],
    [64_000, 1_538],
  ],
])('puts small neighbours together: %j', (lengths, expected) => {
  const parts = lengths.map((length, index) => part(length, index))
  const given = [...gathered(parts)].filter((one) => one instanceof Uint8Array)
  expect(given.map(({ length }) => length)).toEqual(expected)
  expect(Buffer.concat(given).equals(Buffer.concat(parts))).toBe(true)
})

it('does not copy what is large, and passes on at once what has to be waited for', () => {
  const [large, wait] = [part(16_384), Promise.resolve()]
  const given = [...gathered([part(1), wait, part(2), large, wait])]
  expect(given).toEqual([wait, Buffer.from(part(3)), large, wait])
  expect(given[2]).toBe(large)
})
