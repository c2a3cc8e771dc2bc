import type { EventNid, EventTypeNid, StateKeyNid } from '@roomserver/types'
import { expect, it } from 'vitest'
import { entriesFrom, NO_ENTRIES } from './entries.ts'
import { blockHash, snapshotHash } from './hash.ts'

const entry = (type: number, stateKey: number, event: number) => ({
  type: type as EventTypeNid,
  stateKey: stateKey as StateKeyNid,
  event: event as EventNid,
})

// Hashes are stored, and equal blocks are found by them: a program that computes others stores every block anew.
it('has the same hashes in every version of the program and on every machine', () => {
  const block = entriesFrom([entry(65_536, 1, 65_540), entry(5, 65_538, 0), entry(5, 65_536, 65_537)])
  const hash = 'ce93cc31e1d16272539fe6200f1c2104'
  const empty = 'e3b0c44298fc1c149afbf4c8996fb924'
  expect([blockHash(block), blockHash(NO_ENTRIES)]).toEqual([hash, empty])
  expect(snapshotHash([{ hash }, { hash: empty }])).toBe('a27b624cdb79fd9ea23acc66358805d5')
  expect(snapshotHash([{ hash: empty }, { hash }])).not.toBe('a27b624cdb79fd9ea23acc66358805d5')
  expect(snapshotHash([])).toBe(empty)
})

it('hashes a part of a longer list of numbers as what it is', () => {
  const block = entriesFrom([entry(1, 1, 1), entry(2, 1, 2), entry(3, 1, 3)])
  expect(blockHash(block.subarray(3, 6))).toBe(blockHash(entriesFrom([entry(2, 1, 2)])))
})
