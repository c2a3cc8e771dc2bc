import {
  type BlockNid,
  type EventNid,
  type EventTypeNid,
  type EventUpdate,
  type JournalRecord,
  NO_CHANGES,
  newRoom,
  type RoomNid,
  type SnapshotNid,
  type StateKeyNid,
  type WriteSet,
} from '@roomserver/types'
import { expect, it } from 'vitest'
import { all, blocksOf, invitesOf, journalOf, membershipsOf, redactionsOf, updatesOf } from './batch.ts'

function set(nid: number, parts: Partial<WriteSet> = {}): WriteSet {
  const room = newRoom({ nid: nid as RoomNid, roomId: `!${nid}:example.org`, version: '10' })
  return { room, next: room, ...NO_CHANGES, ...parts }
}

const block = (nid: number, hash: string) => ({ nid: nid as BlockNid, hash, entries: new Float64Array() })
const event = (nid: number) => nid as EventNid

it('puts the blocks of all write sets in the order of their hashes, whichever brings them first', () => {
  const [a, b, c, d] = [block(4, 'aa'), block(3, 'ab'), block(2, 'b0'), block(1, 'c0')]
  const orders = [
    [set(1, { blocks: [d, a] }), set(2, { blocks: [c, b] })],
    [set(2, { blocks: [b, c] }), set(1, { blocks: [a, d] })],
    [set(1, { blocks: [c, d, b, a] })],
  ]
  for (const sets of orders) expect(blocksOf(sets)).toEqual([a, b, c, d])
  const twice = [set(1, { blocks: [d, a] }), set(2, { blocks: [a] })]
  expect(blocksOf(twice)).toEqual([a, a, d])
})

it('leaves write sets as they are that it puts in order', () => {
  const blocks = [block(1, 'b'), block(2, 'a')]
  blocksOf([set(1, { blocks })])
  expect(blocks.map(({ hash }) => hash)).toEqual(['b', 'a'])
})

it('makes one list of what one, none and many write sets bring', () => {
  expect(all([], 'inboxDone')).toEqual([])
  expect(all([set(1, { inboxDone: [3, 1] })], 'inboxDone')).toEqual([3, 1])
  const many = [set(1, { inboxDone: [3] }), set(2), set(3, { inboxDone: [1, 2] })]
  expect(all(many, 'inboxDone')).toEqual([3, 1, 2])
})

it('puts updates of one event together, and keeps those of others apart', () => {
  const updates: readonly EventUpdate[] = [
    { nid: event(1), verdict: 'soft-failed', rule: 'r', reason: 'late' },
    { nid: event(2), json: '{"other":1}' },
    { nid: event(1), redactedBy: event(9), json: '{}', rule: undefined },
  ]
  expect(updatesOf([set(1, { updates })])).toEqual([
    { nid: 1, verdict: 'soft-failed', rule: 'r', reason: 'late', redactedBy: 9, json: '{}' },
    { nid: 2, json: '{"other":1}' },
  ])
})

it('lets a later verdict take the rule and the reason of the one before away, and nothing else', () => {
  const first = {
    nid: event(1),
    verdict: 'rejected-by-state',
    rule: 'r',
    reason: 'low',
    before: 5 as SnapshotNid,
  } as const
  const accepted = { nid: event(1), verdict: 'accepted' } as const
  expect(updatesOf([set(1, { updates: [first, accepted] })])).toEqual([
    { nid: 1, verdict: 'accepted', rule: undefined, reason: undefined, before: 5 },
  ])
  expect(updatesOf([set(1, { updates: [first, { nid: event(1), json: '{}' }] })])).toEqual([
    { ...first, json: '{}' },
  ])
})

it("keeps the last of a user's memberships in each room, and names the users that are new", () => {
  const anne = { nid: 7 as StateKeyNid, text: '@anne:a.example' }
  const of = (room: number, user: number, nid: number) => ({
    roomNid: room as RoomNid,
    user: user as StateKeyNid,
    membership: 'join' as const,
    event: event(nid),
    local: true,
    forgotten: false,
  })
  const sets = [
    set(1, { stateKeys: [anne], memberships: [of(1, 7, 10), of(1, 8, 11), of(1, 7, 12)] }),
    set(2, { memberships: [of(2, 7, 13)] }),
  ]
  expect(membershipsOf(sets)).toEqual([
    { record: of(1, 7, 12), userId: anne.text },
    { record: of(1, 8, 11), userId: undefined },
    { record: of(2, 7, 13), userId: anne.text },
  ])
  expect(membershipsOf([set(1, { stateKeys: [anne] })])).toEqual([])
})

it('keeps the last of several invites by one event, and of several redactions', () => {
  const invite = {
    roomNid: 1 as RoomNid,
    event: event(1),
    target: 7 as StateKeyNid,
    sender: 8 as StateKeyNid,
  }
  const retired = { ...invite, retiredBy: event(2) }
  const other = { ...invite, event: event(3) }
  expect(invitesOf([set(1, { invites: [invite, other, retired] })])).toEqual([retired, other])
  const redaction = { redaction: event(1), roomNid: 1 as RoomNid, redacts: '$x', applied: false }
  const applied = { ...redaction, applied: true }
  const second = { ...redaction, redaction: event(2) }
  expect(
    redactionsOf([set(1, { redactions: [redaction, second] }), set(2, { redactions: [applied] })]),
  ).toEqual([applied, second])
})

it('numbers the changes of the journal within each write set', () => {
  const change = (to: number): JournalRecord => ({
    roomNid: 1 as RoomNid,
    revision: 1,
    type: 5 as EventTypeNid,
    stateKey: 7 as StateKeyNid,
    from: event(0),
    to: event(to),
    cause: { kind: 'event', event: event(to) },
    reset: false,
  })
  const journal = [change(1), change(2)]
  const placed = journalOf([set(1, { journal }), set(2, { journal: journal.slice(0, 1) })])
  expect(placed.map(({ place }) => place)).toEqual([0, 1, 0])
  expect(placed.map(({ record }) => record)).toEqual([...journal, journal[0]])
})
