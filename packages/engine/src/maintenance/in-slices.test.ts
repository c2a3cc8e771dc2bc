import { afterEach, expect, it, vi } from 'vitest'
import { inSlices, pause } from './in-slices.ts'

afterEach(() => void vi.restoreAllMocks())

/** Work in so many slices, and how many of them were begun. */
function work(slices: number, atSlice: (slice: number) => void = () => undefined) {
  const begun: number[] = []
  const slicesOf = async function* () {
    for (let slice = 1; slice <= slices; slice++) {
      begun.push(slice)
      atSlice(slice)
      yield
    }
  }
  return { begun, slices: slicesOf() }
}

it('does all slices', async () => {
  const { begun, slices } = work(3)
  expect(await inSlices(slices, new AbortController().signal)).toBe(true)
  expect(begun).toEqual([1, 2, 3])
})

it('stops behind the slice in which it is told to, also the last', async () => {
  for (const last of [2, 3]) {
    const stop = new AbortController()
    const { begun, slices } = work(3, (slice) => slice === last && stop.abort())
    expect(await inSlices(slices, stop.signal)).toBe(false)
    expect(begun).toHaveLength(last)
  }
})

it('says that it was stopped where there was nothing left to do', async () => {
  expect(await inSlices(work(0).slices, AbortSignal.abort())).toBe(false)
  expect(await inSlices(work(0).slices, new AbortController().signal)).toBe(true)
})

it('rests after a slice for as long as it took, without what it rested before', async () => {
  let now = 0
  vi.spyOn(performance, 'now').mockImplementation(() => now)
  const stop = new AbortController()
  // The first takes no time; the second an hour, in whose rest it is told to stop.
  const { begun, slices } = work(5, (slice) => {
    if (slice !== 2) return
    now += 3_600_000
    setTimeout(() => stop.abort())
  })
  expect(await inSlices(slices, stop.signal)).toBe(false)
  // The one that follows is begun before it looks.
  expect(begun).toEqual([1, 2, 3])
})

it('does not rest for what earlier slices took', async () => {
  let now = 0
  vi.spyOn(performance, 'now').mockImplementation(() => now++)
  const { begun, slices } = work(4)
  expect(await inSlices(slices, new AbortController().signal)).toBe(true)
  expect(begun).toHaveLength(4)
  // The beginning, and the end and the beginning of each slice.
  expect(now).toBe(9)
})

it('rests no longer than until it is to stop', async () => {
  const stop = new AbortController()
  const resting = pause(3_600_000, stop.signal)
  stop.abort()
  expect(await resting).toBeUndefined()
  expect(await pause(3_600_000, stop.signal)).toBeUndefined()
})
