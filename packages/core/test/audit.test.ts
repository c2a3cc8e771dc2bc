import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { InputKind } from '@roomserver/api'
import { openStorage } from '@roomserver/storage'
import { RoomBuilder } from '@roomserver/testing'
import type { EventRecord } from '@roomserver/types'
import { expect, it, vi } from 'vitest'
import { rebuildRoom, type AuditSource, auditRoom } from '../src/index.ts'
import { Homeserver } from './homeserver.ts'

/** What deciding a room anew finds, where what is stored of its events is changed on the way by `change`. */
async function audit(
  hs: Homeserver,
  roomId: string,
  change: (record: EventRecord) => EventRecord = (record) => record,
): Promise<readonly string[]> {
  const source: AuditSource = {
    store: hs.storage,
    eventsOfRoom: async (...args) => (await hs.storage.eventsOfRoom(...args)).map(change),
  }
  const found: string[] = []
  for await (const what of auditRoom(source, await hs.room(roomId))) found.push(what)
  return found
}

async function forkedRoom(hs: Homeserver, version: string): Promise<RoomBuilder> {
  const room = await RoomBuilder.create({ version })
  await room.join('@bob:b')
  const fork = room.extremities
  const ban = await room.member('@alice:a', '@bob:b', 'ban', { prev: fork })
  const topic = await room.state('m.room.topic', '', { topic: 'one' }, { prev: fork })
  const other = await room.state('m.room.topic', '', { topic: 'two' }, { prev: fork })
  const message = await room.message('bye', { sender: '@bob:b', prev: fork })
  const merge = await room.message('merge', { prev: [ban, topic, other, message] })
  await room.message('may I?', { sender: '@bob:b', prev: [merge] })
  await room.redact(topic, { prev: [merge] })
  await hs.takeAll(room.events)
  return room
}

it.each(['1', '6', '10', '12'])(
  'finds nothing in a room of version %s that was decided rightly',
  async (version) => {
    await using hs = await Homeserver.start()
    const room = await forkedRoom(hs, version)
    expect(await audit(hs, room.roomId)).toEqual([])
  },
)

it('reads what events beside each other need together, and not one by one', async () => {
  await using hs = await Homeserver.start()
  const room = await RoomBuilder.create()
  for (let count = 0; count < 100; count++) await room.message(`message ${count}`)
  await hs.takeAll(room.events)
  const redactionsOf = vi.spyOn(hs.storage, 'redactionsOf')
  const eventsById = vi.spyOn(hs.storage, 'eventsById')
  expect(await audit(hs, room.roomId)).toEqual([])
  expect(redactionsOf.mock.calls.length + eventsById.mock.calls.length).toBeLessThan(room.events.length)
})

it('audits what stands beside an event of which something cannot be read', async () => {
  await using hs = await Homeserver.start()
  const room = await forkedRoom(hs, '10')
  const [first, lost] = await hs.storage.eventsById(room.events.slice(-2).map(({ eventId }) => eventId))
  const found = await audit(hs, room.roomId, (record) => {
    if (record.eventId === lost?.eventId) return { ...record, before: 99_999_999 as EventRecord['before'] }
    return record.eventId === first?.eventId ? { ...record, verdict: 'accepted' } : record
  })
  expect(found.map((what) => what.replace(/ (?:cannot|is) .*/, ''))).toEqual([
    `event ${first?.eventId}`,
    `event ${lost?.eventId}`,
  ])
})

it('finds nothing in a room whose state was given from outside', async () => {
  await using hs = await Homeserver.start({ serverName: 'b' })
  const room = await RoomBuilder.create()
  const state = [...room.events]
  const join = await room.join('@bob:b')
  for (const event of state) await hs.take(event, { kind: InputKind.outlier })
  await hs.take(join, { has_state: true, state_event_ids: state.map(({ eventId }) => eventId) })
  await hs.take(await room.message('on it goes'))
  expect(await audit(hs, room.roomId)).toEqual([])
})

it('finds a verdict that the rules do not give', async () => {
  await using hs = await Homeserver.start()
  const room = await forkedRoom(hs, '10')
  const found = await audit(hs, room.roomId, (record) =>
    record.verdict.startsWith('rejected') ? { ...record, verdict: 'accepted' } : record,
  )
  expect(found.length).toBeGreaterThan(0)
  expect(found[0]).toMatch(/is accepted, but by the rules it is rejected-by-.*: @bob:b .* \(rule v10 /)
})

it('finds a state that does not follow from the events before it', async () => {
  await using hs = await Homeserver.start()
  const room = await forkedRoom(hs, '10')
  const [early] = await hs.storage.eventsById([room.events[1]?.eventId ?? ''])
  const merge = room.events.at(-3)?.eventId
  const found = await audit(hs, room.roomId, (record) =>
    record.eventId === merge ? { ...record, before: early?.after ?? record.before } : record,
  )
  expect(found).toEqual([
    `event ${merge} has a state before it with 4 entries that do not follow from its prev events`,
  ])
  const foundAfter = await audit(hs, room.roomId, (record) =>
    record.eventId === merge ? { ...record, after: early?.after ?? record.after } : record,
  )
  expect(foundAfter).toEqual([`event ${merge} has a state after it that is not the state before it`])
})

it('finds a current state that does not follow from the forward extremities', async () => {
  await using hs = await Homeserver.start()
  const room = await forkedRoom(hs, '10')
  const [early] = await hs.storage.eventsById([room.events[1]?.eventId ?? ''])
  const record = await hs.room(room.roomId)
  const { storage } = hs
  const source = { store: storage, eventsOfRoom: storage.eventsOfRoom }
  const found: string[] = []
  for await (const one of auditRoom(source, { ...record, current: early?.after ?? record.current }))
    found.push(one)
  expect(found).toEqual(['4 entries of the current state do not follow from its forward extremities'])
})

it.each<[string, (record: EventRecord, redaction: EventRecord) => Partial<EventRecord>, RegExp]>([
  [
    'references',
    ({ authNids }) => ({ authNids: authNids.slice(1) }),
    /^has references to other events than its auth events in this room$/,
  ],
  ['a redaction', (_, { nid }) => ({ redactedBy: nid }), /^was redacted, but still has its content$/],
  [
    'a rule',
    () => ({ rule: 'v10 1' }),
    /^is rejected-by-\S+ by rule v10 1 \(.*\), but the rules give v10 .* \(.*\)$/,
  ],
  [
    'a verdict, of one that the rules reject otherwise',
    ({ verdict }) => ({
      verdict: verdict === 'rejected-by-state' ? 'rejected-by-auth-events' : 'rejected-by-state',
    }),
    /^is rejected-by-\S+, but by the rules it is rejected-by-\S+: .* \(rule v10 .*\)$/,
  ],
])('finds %s that cannot be', async (_what, change, expected) => {
  await using hs = await Homeserver.start()
  const room = await forkedRoom(hs, '10')
  const [rejected, redaction] = room.events.slice(-2)
  const [record] = await hs.storage.eventsById([redaction?.eventId ?? ''])
  if (rejected === undefined || record === undefined) throw new TypeError('no event')
  const found = await audit(hs, room.roomId, (one) =>
    one.eventId === rejected.eventId ? { ...one, ...change(one, record) } : one,
  )
  expect(found).toHaveLength(1)
  const [sentence = ''] = found
  expect(sentence.startsWith(`event ${rejected.eventId} `)).toBe(true)
  expect(sentence.slice(`event ${rejected.eventId} `.length)).toMatch(expected)
})

it('finds an event that is not the one that its ID names', async () => {
  await using hs = await Homeserver.start()
  const room = await forkedRoom(hs, '10')
  const found = await audit(hs, room.roomId, (record) =>
    record.json.includes('"bye"')
      ? { ...record, json: record.json.replace(/"depth":\d+/, '"depth":99') }
      : record,
  )
  expect(found).toContainEqual(expect.stringMatching(/does not have the hash that its ID says$/))
})

it('goes on where something is lost, and says so', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'roomserver-audit-')), 'rooms.db')
  await using hs = new Homeserver(await openStorage({ dialect: 'sqlite', file }))
  const room = await forkedRoom(hs, '10')
  using database = new DatabaseSync(file)
  const lost = room.events[4]?.eventId ?? ''
  database.exec(`delete from snapshots where nid = (select after_nid from events where event_id = '${lost}')`)
  database.exec(`update events set verdict = 4 where event_id = '${room.events.at(-1)?.eventId}'`)
  const found = (await audit(hs, room.roomId)).join('\n')
  expect(found).toContain(`event ${lost} cannot be re-evaluated: a referenced state is not stored`)
  expect(found).toContain(`event ${room.events.at(-1)?.eventId} is rejected-by-state, but the rules allow it`)
})

it('says so where it does not know the version of a room', async () => {
  await using hs = await Homeserver.start()
  const room = await forkedRoom(hs, '10')
  const record = { ...(await hs.room(room.roomId)), version: '99' }
  const source = { store: hs.storage, ...hs.storage }
  const found: string[] = []
  for await (const what of auditRoom(source, record)) found.push(what)
  const parts = { ...source, input: hs.input }
  for await (const what of rebuildRoom(parts, record, { by: 'a test', isDryRun: false })) found.push(what)
  expect(found).toHaveLength(2)
  expect(found.join()).toContain('version "99", which this program does not support')
})
