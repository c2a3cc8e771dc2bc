import { expect, it } from 'vitest'
import { RepeatFilter } from './delivery.ts'

it('knows what a room had before', () => {
  const repeats = new RepeatFilter()
  const isNew = (id: string) => {
    const isRepeat = repeats.isRepeat(id)
    repeats.note(id)
    return !isRepeat
  }
  const ids = ['!a/1', '!b/1', '!a/1', '!a/2', '!a/1', '!a/3', '!b/1', 'other', 'other']
  expect(ids.filter(isNew)).toEqual(['!a/1', '!b/1', '!a/2', '!a/3', 'other', 'other'])
})

it('lets through again what was not dealt with', () => {
  const repeats = new RepeatFilter()
  expect(repeats.isRepeat('!a/1')).toBe(false)
  expect(repeats.isRepeat('!a/1')).toBe(false)
})

it('forgets the room that was silent the longest', () => {
  const repeats = new RepeatFilter(2)
  for (const id of ['!a/1', '!b/1', '!a/2', '!c/1']) repeats.note(id)
  expect(repeats.isRepeat('!a/2')).toBe(true)
  expect(repeats.isRepeat('!b/1')).toBe(false)
})
