import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStorage, type Storage } from '@roomserver/storage'
import { RoomBuilder } from '@roomserver/testing'
import { silentLogger } from '@roomserver/types'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { importDendrite } from '../src/import/import-dendrite.ts'
import { writeDendriteDatabase } from './dendrite-database.ts'

let folder: string
let store: Storage

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'import-test-'))
  store = await openStorage({ dialect: 'sqlite', file: ':memory:' })
})
afterEach(async () => {
  await store[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

const takeOver = (file: string) => importDendrite(file, store, silentLogger, () => undefined)

/** A room with more members than fit into one block of the source, a redaction and an invite from elsewhere. */
async function busyRoom(): Promise<RoomBuilder> {
  const room = await RoomBuilder.create({ version: '9' })
  for (let i = 0; i < 20; i++) await room.join(`@user${i}:a`)
  await room.member(room.creator, '@user3:a', 'ban')
  const said = await room.message('said')
  await room.redact(said)
  await room.state('m.room.topic', '', { topic: 'last' })
  return room
}

it('brings events, states, extremities and members over', async () => {
  const room = await busyRoom()
  using source = writeDendriteDatabase(join(folder, 'source.db'), room)
  source.run("insert into roomserver_room_aliases values ('#alias:a', ?, '@alice:a')", room.roomId)
  source.run('insert into roomserver_published values (?, 1)', room.roomId)
  const before = readFileSync(source.file)

  const summary = await takeOver(source.file)
  expect(summary).toMatchObject({ rooms: 1, events: room.events.length, aliases: 1, published: 1 })
  expect([...summary.failed, ...summary.differences]).toEqual([])

  const stored = await store.room(room.roomId)
  const [last] = await store.eventsById([room.extremities[0]?.eventId ?? ''])
  expect(stored?.extremities).toEqual([last?.nid])
  expect(last).toMatchObject({ verdict: 'accepted', after: stored?.current })
  const members = await store.membershipsOfRoom(stored!.nid)
  expect(members.filter(({ membership }) => membership === 'join')).toHaveLength(20)
  expect(members.find(({ userId }) => userId === '@user3:a')?.membership).toBe('ban')
  expect(await store.roomOfAlias('#alias:a')).toMatchObject({ roomId: room.roomId })
  expect(await store.isPublished(room.roomId)).toBe(true)
  expect(readFileSync(source.file).equals(before)).toBe(true)
})

it('tells a soft failure from a rejection, which the source keeps as one', async () => {
  const room = await busyRoom()
  const forbidden = await room.state('m.room.name', '', { name: 'mine' }, { sender: '@user1:a' })
  const fine = await room.message('late', { sender: '@user2:a', prev: [room.events.at(-2)!] })
  using source = writeDendriteDatabase(
    join(folder, 'source.db'),
    room,
    new Set([forbidden.eventId, fine.eventId]),
  )
  await takeOver(source.file)
  const [refused] = await store.eventsById([forbidden.eventId])
  const [soft] = await store.eventsById([fine.eventId])
  expect(refused).toMatchObject({ verdict: 'rejected-by-auth-events', rule: expect.stringMatching(/^v9 /) })
  expect(soft?.verdict).toBe('soft-failed')
})

it('keeps an invite of a room that the server is not in', async () => {
  const room = await busyRoom()
  const elsewhere = await RoomBuilder.create({ creator: '@xena:b', roomId: '!far:b' })
  const invite = await elsewhere.member('@xena:b', '@alice:a', 'invite')
  using source = writeDendriteDatabase(join(folder, 'source.db'), room)
  source.run("insert into roomserver_rooms values (2, '!far:b', '[]', 0, 0, '10')")
  source.run("insert into roomserver_event_state_keys values (900, '@xena:b')")
  source.run('insert into roomserver_invites values (?, 2, 65537, 900, 0, ?)', invite.eventId, invite.json)
  source.run('insert into roomserver_membership values (2, 65537, 900, 2, 0, 1, 0)')
  await takeOver(source.file)
  const far = await store.room('!far:b')
  expect(await store.pendingInvites(far!.nid, '@alice:a')).toMatchObject([{ senderId: '@xena:b' }])
  expect(await store.membership(far!.nid, '@alice:a')).toMatchObject({ membership: 'invite', local: true })
})

it('goes on where an interrupted import stopped, and leaves whole rooms alone', async () => {
  const room = await busyRoom()
  for (let i = 0; i < 600; i++) await room.message(`${i}`)
  using source = writeDendriteDatabase(join(folder, 'source.db'), room)
  const whole = store.commit
  let commits = 0
  const failing: Storage = {
    ...store,
    commit: async (sets) =>
      ++commits === 2 ? [{ kind: 'failed', error: new Error('power cut') }] : whole(sets),
  }
  const cut = await importDendrite(source.file, failing, silentLogger, () => undefined)
  expect(cut.failed).toHaveLength(1)
  const second = await takeOver(source.file)
  expect([...second.failed, ...second.differences]).toEqual([])
  expect((await takeOver(source.file)).skipped).toBe(1)
  const all = await store.eventsById(room.events.map((pdu) => pdu.eventId))
  expect(all).toHaveLength(room.events.length)
})
