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

it('knows an output that takes the place of a copy which the stream lost', () => {
  const repeats = new RepeatFilter()
  repeats.note('!a:b/aaaaaaaaaaaa-00000001/7')
  repeats.note('!a:b/again-5/8/again-12')
  const ids = [
    '!a:b/aaaaaaaaaaaa-00000001/7/again-105',
    '!a:b/aaaaaaaaaaaa-00000002/7/again-105',
    '!a:b/again-5/8',
  ]
  expect(ids.map((id) => repeats.isRepeat(id))).toEqual([true, false, true])
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

it('takes an output for new that has the number of one which a restore of the database lost', () => {
  const repeats = new RepeatFilter()
  const [lost, kept, later] = [
    '!a:b/aaaaaaaaaaaa-00000001/7',
    '!a:b/aaaaaaaaaaaa-00000002/7',
    '!a:b/bbbbbbbbbbbb-00000003/3',
  ]
  repeats.note(lost)
  expect([lost, kept, later].map((id) => repeats.isRepeat(id))).toEqual([true, false, false])
})

it('takes an output for new that comes after others of its room, as one that the message server lost', () => {
  const repeats = new RepeatFilter()
  const id = (seq: number) => `!a:b/aaaaaaaaaaaa-0000000${seq % 10}/${seq}`
  for (const seq of [1, 2, 4]) repeats.note(id(seq))
  expect([1, 2, 3, 4].map((seq) => repeats.isRepeat(id(seq)))).toEqual([true, true, false, true])
  // Of those that are long past it is not known one by one.
  for (let seq = 5; seq < 200; seq++) repeats.note(id(seq))
  expect(repeats.isRepeat(id(3))).toBe(true)
})
