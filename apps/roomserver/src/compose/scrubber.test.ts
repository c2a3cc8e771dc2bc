import { expect, it } from 'vitest'
import { pauseAfter } from './scrubber.ts'

it('checks as many small rooms a minute as it may, and large ones for a fiftieth of the time', () => {
  expect(pauseAfter(0, 6)).toBe(10_000)
  expect(pauseAfter(100, 6)).toBe(10_000)
  expect(pauseAfter(10_000, 6)).toBe(490_000)
})
