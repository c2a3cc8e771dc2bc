import type { RoomNid } from '@roomserver/types'
import { expect, it } from 'vitest'
import { AnswerPages } from './answer-pages.ts'
import { RoomEpochs } from './room-epochs.ts'

const nid = 7 as RoomNid

it('gives a piece as long as no event of its room was rewritten', () => {
  const rooms = new RoomEpochs()
  const pages = new AnswerPages(rooms, 30_000)
  rooms.onRead({ nid, revision: 1 })
  const made = pages.rewrittenOf(nid)
  pages.put('block 1', ['a piece'], 100, made)
  expect(pages.get(nid, 'block 1')).toEqual(['a piece'])
  expect(pages.get(nid, 'block 2')).toBeUndefined()
  rooms.onCommit({ nid, revision: 2 })
  expect(pages.get(nid, 'block 1')).toEqual(['a piece'])
  rooms.onRewrite(nid)
  expect(pages.get(nid, 'block 1')).toBeUndefined()
})

it('does not give a piece that was made of events as they were before they were rewritten', () => {
  const rooms = new RoomEpochs()
  const pages = new AnswerPages(rooms, 30_000)
  rooms.onRead({ nid, revision: 1 })
  const made = pages.rewrittenOf(nid)
  rooms.onRewrite(nid)
  pages.put('block 1', 'late', 100, made)
  expect(pages.get(nid, 'block 1')).toBeUndefined()
})

it('keeps a third of its bytes for one answer, and counts what it keeps with what that takes beside', () => {
  const pages = new AnswerPages(new RoomEpochs(), 30_000)
  expect(pages.maxAnswerBytes).toBe(10_000)
  pages.put('one', '', 700, 0)
  pages.put('two', '', 200, 0)
  expect(pages.bytes).toBe(1_500)
})

it('has a new name for each that asks for one', () => {
  const pages = new AnswerPages(new RoomEpochs(), 30_000)
  expect([pages.newName(), pages.newName()]).toEqual(['piece 1', 'piece 2'])
})
