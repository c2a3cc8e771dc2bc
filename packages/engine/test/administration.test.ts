import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Logger } from '@roomserver/types'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Engine, openEngine } from '../src/index.ts'
import { newDatabase } from './new-database.ts'

const [ALICE, BOB, CAROL] = ['@alice:example.org', '@bob:example.org', '@carol:example.org']
const text = { msgtype: 'm.text', body: 'hello' }
const ADMIN = { requester: '@admin:example.org', dry_run: false }
const DRY = { ...ADMIN, dry_run: true }

describe.each(['sqlite', 'postgres'] as const)('administration on %s', (dialect) => {
  let parts: AsyncDisposableStack
  let audit: string[]
  let store: string
  let rooms: Engine

  beforeEach(async () => {
    parts = new AsyncDisposableStack()
    audit = []
    const folder = mkdtempSync(join(tmpdir(), 'administration-'))
    store = dialect === 'sqlite' ? join(folder, 'rooms.db') : parts.use(await newDatabase()).url
    const note: Logger['info'] = (fields) => {
      if (fields['audit'] !== undefined) audit.push(JSON.stringify(fields))
    }
    const log: Logger = { debug: () => {}, info: note, warn: () => {}, error: () => {} }
    rooms = parts.use(
      await openEngine({
        serverName: 'example.org',
        store,
        signingKey: join(folder, 'key.pem'),
        logger: log,
      }),
    )
  })

  afterEach(() => parts.disposeAsync())

  const operators = () => rooms.parts.administration
  const block = (room_id: string, how = ADMIN) => operators().blockRoom({ room_id, reason: 'spam', ...how })
  const makeAdmin = (room_id: string, user_id: string, how = ADMIN) =>
    operators().makeRoomAdmin({ room_id, user_id, ...how })
  const levelsIn = async (room: string) =>
    (await rooms.stateEvent(room, 'm.room.power_levels'))?.content['users']

  it('has a blocked room take nothing but that those who are in it leave', async () => {
    const room = await rooms.createRoom(ALICE, { preset: 'public_chat' })
    await rooms.join(room, BOB)
    expect(await block(room, DRY)).toEqual({ was_blocked: false, joined_local_members: 2 })
    await rooms.send(room, BOB, 'm.room.message', text)
    expect(await block(room)).toEqual({ was_blocked: false, joined_local_members: 2 })
    const blocked = { code: 'ROOM_BLOCKED', details: { roomId: room, reason: 'spam' } }
    await expect(rooms.send(room, BOB, 'm.room.message', text)).rejects.toMatchObject(blocked)
    await expect(rooms.join(room, CAROL)).rejects.toMatchObject(blocked)
    await expect(rooms.invite(room, ALICE, CAROL)).rejects.toMatchObject(blocked)
    const join = { room_id_or_alias: room, user_id: CAROL, content: {}, server_names: [], unsigned: {} }
    expect(await rooms.operations.performJoin(join)).toMatchObject({
      Error: { Code: 1, Msg: 'the room is blocked on this server: spam' },
    })
    await rooms.leave(room, BOB)
    const { affected } = await rooms.operations.performAdminEvacuateRoom({ room_id: room })
    expect(affected).toEqual([ALICE])
    expect(audit).toHaveLength(3)
    expect(audit[1]).toContain('"requester":"@admin:example.org"')
  })

  it('lists blocked rooms, known here or not, and takes a block back', async () => {
    const room = await rooms.createRoom(ALICE, { preset: 'public_chat' })
    const others = ['!elsewhere:b', '!other:b']
    for (const id of [room, ...others]) await block(id)
    const first = await operators().blockedRooms({ cursor: '', limit: 2 })
    const second = await operators().blockedRooms({ cursor: first.next, limit: 2 })
    const listed = [...first.rooms, ...second.rooms]
    expect(listed.map(({ room_id }) => room_id)).toEqual([room, ...others].toSorted())
    expect(listed[0]).toMatchObject({ requester: '@admin:example.org', reason: 'spam' })
    expect([first.next, second.next]).toEqual([listed[1]?.room_id, ''])
    expect(await block(room)).toMatchObject({ was_blocked: true })
    expect(await operators().unblockRoom({ room_id: room, ...DRY })).toEqual({ was_blocked: true })
    await expect(rooms.send(room, ALICE, 'm.room.message', text)).rejects.toMatchObject({
      code: 'ROOM_BLOCKED',
    })
    expect(await operators().unblockRoom({ room_id: room, ...ADMIN })).toEqual({ was_blocked: true })
    await rooms.send(room, ALICE, 'm.room.message', text)
    expect(await operators().unblockRoom({ room_id: room, ...ADMIN })).toEqual({ was_blocked: false })
    await expect(block('tea')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    const long = { room_id: room, reason: 'x'.repeat(1_001), ...ADMIN }
    await expect(operators().blockRoom(long)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })

  it('makes a user an admin in the name of one who may, and sends nothing where they are one', async () => {
    const room = await rooms.createRoom(ALICE, { preset: 'public_chat', version: '11' })
    await rooms.join(room, BOB)
    const wanted = { granted_by: ALICE, level_before: 0, level: 100 }
    expect(await makeAdmin(room, BOB, DRY)).toEqual({ ...wanted, event_id: '' })
    expect(await levelsIn(room)).toEqual({ [ALICE]: 100 })
    expect(await makeAdmin(room, BOB)).toMatchObject({
      ...wanted,
      event_id: expect.stringMatching(/^\$/) as string,
    })
    expect(await levelsIn(room)).toEqual({ [ALICE]: 100, [BOB]: 100 })
    const already = { granted_by: '', level_before: 100, level: 100, event_id: '' }
    expect(await makeAdmin(room, BOB)).toEqual(already)
  })

  it('makes a user an admin in the name of whoever may give them most', async () => {
    for (const [admin, moderator] of [
      [ALICE, BOB],
      [BOB, ALICE],
    ] as const) {
      const room = await rooms.createRoom(ALICE, { preset: 'public_chat', version: '11' })
      for (const user of [BOB, CAROL]) await rooms.join(room, user)
      const levels = (await rooms.stateEvent(room, 'm.room.power_levels'))?.content ?? {}
      const users = { [admin]: 100, [moderator]: 60 }
      const events = { 'm.room.power_levels': 50 }
      await rooms.sendState(room, ALICE, 'm.room.power_levels', '', { ...levels, users, events })
      expect(await makeAdmin(room, CAROL, DRY)).toMatchObject({ granted_by: admin, level: 100 })
    }
  })

  it('makes a user an admin in the name of a creator who stands above all levels', async () => {
    const room = await rooms.createRoom(ALICE, { preset: 'public_chat', version: '12' })
    await rooms.join(room, BOB)
    expect(await makeAdmin(room, BOB)).toMatchObject({ granted_by: ALICE, level: 100 })
    expect(await levelsIn(room)).toEqual({ [BOB]: 100 })
    expect(await makeAdmin(room, ALICE)).toMatchObject({ granted_by: '', event_id: '' })
  })

  it('says why a user cannot be made an admin', async () => {
    const room = await rooms.createRoom(ALICE, { preset: 'public_chat', version: '11' })
    await rooms.join(room, BOB)
    await expect(makeAdmin(room, CAROL)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    await expect(makeAdmin('!unknown:b', BOB)).rejects.toMatchObject({ code: 'ROOM_NOT_FOUND' })
    await rooms.leave(room, ALICE)
    await expect(makeAdmin(room, BOB)).rejects.toMatchObject({ code: 'NOT_ALLOWED' })
    expect(await levelsIn(room)).toEqual({ [ALICE]: 100 })
  })

  it('sends an event as a user, or says what would happen', async () => {
    const room = await rooms.createRoom(ALICE, { preset: 'public_chat' })
    await rooms.join(room, BOB)
    const topic = {
      room_id: room,
      sender: ALICE,
      type: 'm.room.topic',
      is_state: true,
      state_key: '',
      content: { topic: 'Rules' },
    }
    expect(await operators().sendEventAs({ ...topic, ...DRY })).toEqual({ event_id: '' })
    expect(await rooms.stateEvent(room, 'm.room.topic')).toBeUndefined()
    const { event_id } = await operators().sendEventAs({ ...topic, ...ADMIN })
    expect(await rooms.stateEvent(room, 'm.room.topic')).toMatchObject({ event_id, sender: ALICE })
    for (const how of [ADMIN, DRY]) {
      await expect(operators().sendEventAs({ ...topic, sender: BOB, ...how })).rejects.toMatchObject({
        code: 'NOT_ALLOWED',
      })
      await expect(
        operators().sendEventAs({ ...topic, sender: '@eve:other.org', ...how }),
      ).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    }
    const message = { ...topic, type: 'm.room.message', is_state: false, content: text }
    await operators().sendEventAs({ ...message, sender: BOB, ...ADMIN })
    const { events } = await rooms.messages(room, { limit: 1 })
    expect(events[0]).toMatchObject({ type: 'm.room.message', sender: BOB, content: text })
    expect(events[0]).not.toHaveProperty('state_key')
    await block(room)
    for (const how of [ADMIN, DRY])
      await expect(operators().sendEventAs({ ...message, ...how })).rejects.toMatchObject({
        code: 'ROOM_BLOCKED',
      })
  })
})
