import type { RoomNid } from '@roomserver/types'
import { describe, expect, it } from 'vitest'
import { RoomEpochs } from './room-epochs.ts'

const nid = 7 as RoomNid

it('begins a new epoch only when somebody else moved the room on', () => {
  const epochs = new RoomEpochs()
  const start = epochs.of(nid)
  epochs.onRead({ nid, revision: 3 })
  epochs.onCommit({ nid, revision: 4 })
  epochs.onRead({ nid, revision: 4 })
  epochs.onRead({ nid, revision: 3 })
  expect(epochs.of(nid)).toBe(start)
  epochs.onRead({ nid, revision: 5 })
  expect(epochs.of(nid)).not.toBe(start)
})

it('begins a new epoch when a commit was lost to somebody else', () => {
  const epochs = new RoomEpochs()
  epochs.onRead({ nid, revision: 3 })
  const start = epochs.of(nid)
  epochs.onCommit({ nid, revision: 4 })
  epochs.onConflict({ nid, revision: 3 })
  const lost = epochs.of(nid)
  expect(lost).not.toBe(start)
  epochs.onRead({ nid, revision: 4 })
  expect(epochs.of(nid)).not.toBe(lost)
})

it('forgets in bulk rather than grow, and then trusts nothing that was cached', () => {
  const epochs = new RoomEpochs()
  epochs.onRead({ nid, revision: 3 })
  const start = epochs.of(nid)
  for (let other = 100; other < 100_200; other++) epochs.onRead({ nid: other as RoomNid, revision: 1 })
  expect(epochs.of(nid)).not.toBe(start)
})

describe('what is read of a room', () => {
  it('counts as rewritten when its stored events were, by us or by somebody else, and not by a commit of ours', () => {
    const epochs = new RoomEpochs()
    epochs.onRead({ nid, revision: 3 })
    const seen = [epochs.rewrittenOf(nid)]
    const note = (what: () => void) => {
      what()
      seen.push(epochs.rewrittenOf(nid))
    }
    note(() => epochs.onCommit({ nid, revision: 4 }))
    expect(seen[1]).toBe(seen[0])
    note(() => epochs.onRewrite(nid))
    note(() => epochs.onRead({ nid, revision: 5 }))
    note(() => epochs.onConflict({ nid, revision: 5 }))
    expect(new Set(seen.slice(1)).size).toBe(4)
    // Our own rewriting keeps the cache up to date.
    const epoch = epochs.of(nid)
    epochs.onRewrite(nid)
    expect(epochs.of(nid)).toBe(epoch)
  })

  it('is known by what happens to it, and not by what happens to others', () => {
    const epochs = new RoomEpochs()
    const other = 8 as RoomNid
    for (const one of [nid, other]) epochs.onRead({ nid: one, revision: 3 })
    const before = [epochs.of(nid), epochs.rewrittenOf(nid)]
    epochs.onRead({ nid: other, revision: 9 })
    epochs.onRewrite(other)
    epochs.onConflict({ nid: other, revision: 9 })
    expect([epochs.of(nid), epochs.rewrittenOf(nid)]).toEqual(before)
  })

  it('begins with our commit where that is what is first heard of it', () => {
    const epochs = new RoomEpochs()
    const start = epochs.of(nid)
    epochs.onCommit({ nid, revision: 1 })
    epochs.onRead({ nid, revision: 1 })
    expect(epochs.of(nid)).toBe(start)
    epochs.onRead({ nid, revision: 2 })
    expect(epochs.of(nid)).not.toBe(start)
    // Of rooms that nothing was heard of there is nothing to forget.
    epochs.onConflict({ nid: 9 as RoomNid, revision: 1 })
    epochs.onRewrite(9 as RoomNid)
    expect([epochs.of(9 as RoomNid), epochs.rewrittenOf(9 as RoomNid)]).toEqual([start, start])
  })
})

it('remembers 100,000 rooms, and forgets all for one more', () => {
  const epochs = new RoomEpochs()
  epochs.onRead({ nid, revision: 3 })
  const start = [epochs.of(nid), epochs.rewrittenOf(nid)]
  for (let other = 100; other < 100_099; other++) epochs.onRead({ nid: other as RoomNid, revision: 1 })
  expect([epochs.of(nid), epochs.rewrittenOf(nid)]).toEqual(start)
  epochs.onRead({ nid: 100_099 as RoomNid, revision: 1 })
  const [epoch, rewritten] = [epochs.of(nid), epochs.rewrittenOf(nid)]
  expect(epoch).not.toBe(start[0])
  expect(rewritten).not.toBe(start[1])
  // What is read from now on counts.
  epochs.onRead({ nid, revision: 3 })
  expect([epochs.of(nid), epochs.rewrittenOf(nid)]).toEqual([epoch, rewritten])
  epochs.onRead({ nid, revision: 4 })
  expect(epochs.of(nid)).not.toBe(epoch)
})
