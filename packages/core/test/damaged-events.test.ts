import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { blockHash, snapshotHash } from '@roomserver/state'
import { openStorage } from '@roomserver/storage'
import { RoomBuilder } from '@roomserver/testing'
import { describe, expect, it } from 'vitest'
import { rebuildRoom, auditRoom } from '../src/index.ts'
import { Homeserver } from './homeserver.ts'

/** How a column of a stored event is damaged, what a check says of it, and whether it follows from the events. */
type Damage = readonly [statement: (event: string) => string, said: RegExp, isRebuilt: boolean]

const set = (change: string) => (event: string) => `update events set ${change} where event_id = '${event}'`

/** A damage for each column; a column that is new needs one. */
const DAMAGES: Readonly<Record<string, Damage | 'not found: another column, or nothing, depends on it'>> = {
  nid: [set('nid = 90000000'), /not stored|does? not follow|other events/, false],
  room_nid: [set('room_nid = 99999'), /1 events of !room:a are lost/, false],
  type_nid: [set('type_nid = 2'), /has type "m.room.topic", but "m.room.power_levels" is stored/, false],
  state_key_nid: [set('state_key_nid = 0'), /has state key "", but none is stored/, false],
  depth: [set('depth = 99'), /has depth \d+, but 99 is stored/, false],
  auth_level: [set('auth_level = 0'), /is stored before one of its auth events/, true],
  before_nid: [set('before_nid = 99999999'), /cannot be re-evaluated/, true],
  after_nid: [
    set('after_nid = before_nid'),
    /has a state after it that is not the state before it and itself/,
    true,
  ],
  redacted_by: [set('redacted_by = nid'), /which is not a redaction/, false],
  verdict: [set('verdict = 4'), /is rejected-by-state, but the rules allow it/, true],
  event_id: [set(`event_id = '$other'`), /does not have the hash that its ID says/, false],
  rule: 'not found: another column, or nothing, depends on it',
  reason: 'not found: another column, or nothing, depends on it',
  auth_nids: [set(`auth_nids = x''`), /has references to other events than its auth events/, true],
  json: [set(`json = replace(json, 'one', 'two')`), /does not match its content hash/, false],
  auth_content: 'not found: another column, or nothing, depends on it',
}

async function damaged(statement: (event: string) => string): Promise<Homeserver & { built: RoomBuilder }> {
  const file = join(mkdtempSync(join(tmpdir(), 'roomserver-damaged-')), 'rooms.db')
  const room = await RoomBuilder.create()
  {
    await using hs = new Homeserver(await openStorage({ dialect: 'sqlite', file }))
    const topic = await room.state('m.room.topic', '', { topic: 'one' })
    await room.message('on')
    await hs.takeAll(room.events)
    using database = new DatabaseSync(file)
    expect(
      database
        .prepare('select name from pragma_table_info(?)')
        .all('events')
        .map(({ name }) => name),
    ).toEqual(Object.keys(DAMAGES))
    database.exec(statement(topic.eventId))
  }
  const hs = new Homeserver(await openStorage({ dialect: 'sqlite', file }))
  return Object.assign(hs, { built: room })
}

async function wrongIn({ storage, built }: Homeserver & { built: RoomBuilder }): Promise<string> {
  const record = await storage.room(built.roomId)
  if (record === undefined) throw new Error('no room')
  const hashes = { blockHash, snapshotHash }
  const said = (await storage.checkRoom(record.nid, hashes)).findings.map(({ what }) => what)
  for await (const what of auditRoom({ store: storage, ...storage }, record)) said.push(what)
  for (const lost of await storage.lostRooms()) said.push(`${lost.events} events of ${lost.roomId} are lost`)
  return said.join('\n')
}

describe.each(Object.entries(DAMAGES))('a stored event with another %s', (_column, damage) => {
  it('is found, and made right where that follows from the events', async () => {
    if (typeof damage === 'string') return expect(damage).toMatch(/^not found/)
    const [statement, said, isRebuilt] = damage
    await using hs = await damaged(statement)
    expect(await wrongIn(hs)).toMatch(said)
    const record = await hs.room(hs.built.roomId)
    const parts = { store: hs.storage, ...hs.storage, input: hs.input }
    for await (const _ of rebuildRoom(parts, record, { by: 'a test', isDryRun: false }));
    if (isRebuilt) expect(await wrongIn(hs)).toBe('')
  })
})

it('a redacted event that is put back is found, and redacted again', async () => {
  const room = await RoomBuilder.create()
  const file = join(mkdtempSync(join(tmpdir(), 'roomserver-damaged-')), 'rooms.db')
  const event = await room.message('oops')
  await room.redact(event)
  await using started = new Homeserver(await openStorage({ dialect: 'sqlite', file }))
  await started.takeAll(room.events)
  using database = new DatabaseSync(file)
  database.exec(
    `update events set redacted_by = 0, json = '${event.json}' where event_id = '${event.eventId}'`,
  )
  await using storage = await openStorage({ dialect: 'sqlite', file })
  const hs = Object.assign(new Homeserver(storage), { built: room })
  expect(await wrongIn(hs)).toContain('but is stored as not redacted')
  const parts = { store: storage, ...storage, input: hs.input }
  for await (const _ of rebuildRoom(parts, await hs.room(room.roomId), { by: 'a test', isDryRun: false }));
  expect(await wrongIn(hs)).toBe('')
})
