import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type {
  EventNid,
  EventTypeNid,
  JournalCause,
  Membership,
  OutputKind,
  RepairState,
  StateKeyNid,
  Verdict,
} from '@roomserver/types'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openStorage } from '../src/index.ts'
import { newEvent, newKey, newOutput, commitOne, storedRoom, writeSet } from '@roomserver/storage-contract'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'roomserver-codes-'))
})
afterEach(() => rm(folder, { recursive: true }))

const VERDICTS: Readonly<Record<Verdict, number>> = {
  outlier: 0,
  accepted: 1,
  'soft-failed': 2,
  'rejected-by-auth-events': 3,
  'rejected-by-state': 4,
}
const MEMBERSHIPS: Readonly<Record<Membership, number>> = { join: 1, invite: 2, knock: 3, leave: 4, ban: 5 }
const KINDS: Readonly<Record<OutputKind, number>> = {
  new_room_event: 0,
  old_room_event: 1,
  new_invite_event: 2,
  retire_invite_event: 3,
  redacted_event: 4,
  new_peek: 5,
  new_inbound_peek: 6,
  retire_peek: 7,
}
const STATES: Readonly<Record<RepairState, number>> = { waiting: 0, running: 1, failed: 2, 'gave-up': 3 }
const CAUSES: readonly (readonly [JournalCause, number])[] = [
  [{ kind: 'event', event: 1 as EventNid }, 0],
  [{ kind: 'resolution', event: 1 as EventNid, conflicted: [] }, 1],
  [{ kind: 'rewrite', event: 1 as EventNid }, 2],
  [{ kind: 'repair', by: 'check' }, 3],
]

function namesOf<Name extends string>(codes: Readonly<Record<Name, number>>): readonly Name[] {
  return Object.keys(codes) as Name[]
}

it('writes the same codes as every version before, so that databases that are there keep their meaning', async () => {
  const file = join(folder, 'rooms.db')
  {
    await using store = await openStorage({ dialect: 'sqlite', file })
    const room = await storedRoom(store)
    const events = []
    for (const verdict of namesOf(VERDICTS)) events.push(await newEvent(store, room, { verdict }))
    const stateKeys = []
    const memberships = []
    for (const membership of namesOf(MEMBERSHIPS)) {
      const user = await newKey(store, `@${membership}:a.example`)
      stateKeys.push(user)
      const of = { roomNid: room.nid, user: user.nid, event: 1 as EventNid, local: true, forgotten: false }
      memberships.push({ ...of, membership })
    }
    const outputs = namesOf(KINDS).map((kind, at) => ({ ...newOutput(room, at + 1, 0 as EventNid), kind }))
    const journal = CAUSES.map(([cause]) => ({
      roomNid: room.nid,
      revision: 2,
      type: 5 as EventTypeNid,
      stateKey: 1 as StateKeyNid,
      from: 0 as EventNid,
      to: 1 as EventNid,
      reset: false,
      cause,
    }))
    await commitOne(store, writeSet(room, { events, stateKeys, memberships, outputs, journal }))
    const repair = { roomId: room.roomId, payload: '{}', fetched: 0, attempts: 0, lastError: '' }
    const of = { ...repair, sinceTs: 0, nextTs: 0 }
    await store.putRepairs(namesOf(STATES).map((state) => ({ ...of, eventId: `$${state}`, state })))
  }
  using database = new DatabaseSync(file, { readOnly: true })
  const codes = (query: string) =>
    database
      .prepare(query)
      .all()
      .map((row) => Number(Object.values(row)[0]))
  expect(codes('select verdict from events order by nid')).toEqual(Object.values(VERDICTS))
  expect(codes('select membership from memberships order by user_nid')).toEqual(Object.values(MEMBERSHIPS))
  expect(codes('select kind from outputs order by position')).toEqual(Object.values(KINDS))
  expect(codes('select cause from journal order by place')).toEqual(CAUSES.map(([, code]) => code))
  const states = namesOf(STATES)
    .toSorted()
    .map((state) => STATES[state])
  expect(codes('select state from repairs order by event_id')).toEqual(states)
})
