import type { AdministrationApi, FederationApi } from '@roomserver/api'
import { RoomBuilder } from '@roomserver/testing'
import { type Logger, NO_CHANGES, parseServerName, systemClock } from '@roomserver/types'
import { expect, it } from 'vitest'
import { createRoomserverWithMaintenance } from '../src/index.ts'
import { Homeserver } from './homeserver.ts'
import { cutOffServer, otherServer } from './other-server.ts'

const CAROL = { requester: 'carol from support' }
const DRY = { ...CAROL, dry_run: true }
const APPLIED = { ...CAROL, dry_run: false }

/** What operators of server `a` do, and the operations that the log names. */
function operatorsOf(hs: Homeserver): { readonly admin: AdministrationApi; readonly audit: string[] } {
  const audit: string[] = []
  const note: Logger['info'] = (fields) => {
    if (fields['audit'] !== undefined) audit.push(JSON.stringify(fields))
  }
  const { administration } = createRoomserverWithMaintenance({
    store: hs.storage,
    cache: hs.cache,
    input: hs.input,
    clock: systemClock,
    log: { debug: () => {}, info: note, warn: () => {}, error: () => {} },
    serverName: parseServerName('a'),
    signingKey: { server: 'a', keyId: 'ed25519:test', seed: 'A'.repeat(43) },
  })
  return { admin: administration, audit }
}

async function roomOf(hs: Homeserver): Promise<RoomBuilder> {
  const room = await RoomBuilder.create()
  await room.join('@bob:b')
  await room.join('@carol:c')
  await room.state('m.room.topic', '', { topic: 'one' })
  await hs.takeAll(room.events)
  return room
}

it('drops stale forward extremities when an operator has seen which', async () => {
  await using hs = await Homeserver.start()
  const room = await roomOf(hs)
  const record = await hs.room(room.roomId)
  const stale = room.events[2]?.eventId ?? ''
  const [older] = await hs.storage.eventsById([stale])
  const extremities = [...record.extremities, ...(older === undefined ? [] : [older.nid])]
  await hs.storage.commit([{ ...NO_CHANGES, room: record, next: { ...record, extremities } }])
  const beside = hs.beside()
  const { admin, audit } = operatorsOf(beside)
  const repair = (how: typeof DRY) =>
    admin.repairRoom({ room_id: room.roomId, repair: 'prune-extremities', server: '', ...how })
  const expected = { changed_entries: 0, entries: [], dropped_extremities: [stale] }
  expect(await repair(DRY)).toMatchObject(expected)
  expect(await beside.extremities(room.roomId)).toHaveLength(2)
  expect(await repair(APPLIED)).toMatchObject(expected)
  expect(await beside.extremities(room.roomId)).toEqual([room.events.at(-1)?.eventId])
  expect(await repair(DRY)).toMatchObject({ changed_entries: 0, dropped_extremities: [] })
  expect(audit[1]).toContain('"audit":"repairRoom"')
  expect(audit[1]).toContain('"requester":"carol from support"')
  await beside.input.close()
})

it('takes the state that other servers supply, that of most or of one', async () => {
  await using other = await Homeserver.start()
  const room = await roomOf(other)
  const topic = room.events.at(-1)?.eventId
  const last = await room.message('hello')
  await other.take(last)
  const honest = await otherServer(other)
  const federation = {
    ...honest,
    lookupStateIds: async (request: Parameters<typeof honest.lookupStateIds>[0]) => {
      const answer = await honest.lookupStateIds(request)
      if (request.S !== 'c') return answer
      return { ...answer, pdu_ids: answer.pdu_ids.filter((id) => id !== topic) }
    },
  } as unknown as FederationApi
  await using hs = await Homeserver.start({ federation })
  await hs.takeAll(room.events)
  const { admin } = operatorsOf(hs)
  const repair = (server: string, how: typeof DRY) =>
    admin.repairRoom({ room_id: room.roomId, repair: 'state-from-servers', server, ...how })
  const states = [
    { servers: ['b'], changed_entries: 0 },
    { servers: ['c'], changed_entries: 1 },
  ]
  expect(await repair('', DRY)).toMatchObject({ changed_entries: 0, servers: ['b'], states })
  const entry = { type: 'm.room.topic', state_key: '', from: topic, to: '' }
  expect(await repair('c', DRY)).toMatchObject({ entries: [entry], servers: ['c'], states })
  expect(await hs.current(room.roomId)).toContain(topic)
  expect(await repair('c', APPLIED)).toMatchObject({ entries: [entry], servers: ['c'] })
  expect(await hs.current(room.roomId)).not.toContain(topic)
  const { nid } = await hs.room(room.roomId)
  expect((await hs.storage.journal(nid, { limit: 100 })).at(-1)?.cause).toEqual({
    kind: 'repair',
    by: 'carol from support',
  })
  expect(await repair('nobody', APPLIED)).toMatchObject({ changed_entries: 0, entries: [], servers: [] })
})

it('asks other servers again for what events lack, also after it has given up', async () => {
  await using other = await Homeserver.start()
  const room = await roomOf(other)
  const known = [...room.events]
  const { federation, heal } = await cutOffServer(other)
  await using hs = await Homeserver.start({ federation }, {}, { maxAttempts: 1 })
  await hs.takeAll(known)
  await other.take(await room.message('missed'))
  const heard = await room.message('heard')
  await other.take(heard)
  expect(await hs.take(heard, { origin: 'b' })).toMatchObject({ kind: 'missing' })
  const { admin } = operatorsOf(hs)
  const retry = (how: typeof DRY) => admin.retryMissingEvents({ room_id: room.roomId, ...how })
  expect(await retry(DRY)).toMatchObject({
    waiting: 1,
    repaired: 0,
    events: [{ event_id: heard.eventId, outcome: 'gave-up', says: expect.stringContaining('no route') }],
  })
  expect(await retry(APPLIED)).toMatchObject({ waiting: 1, repaired: 0, events: [{ outcome: 'missing' }] })
  heal()
  expect(await retry(APPLIED)).toEqual({
    waiting: 1,
    repaired: 1,
    events: [{ event_id: heard.eventId, outcome: 'accepted', says: '' }],
  })
  expect(await retry(DRY)).toEqual({ waiting: 0, repaired: 0, events: [] })
})

it('refuses what it cannot repair, in words that say why', async () => {
  await using hs = await Homeserver.start()
  const { roomId } = await roomOf(hs)
  const { admin } = operatorsOf(hs)
  const repair = { repair: 'recompute-state', server: '', ...DRY } as const
  const refused = { code: 'INVALID_ARGUMENT' }
  await expect(admin.repairRoom({ room_id: '!no:a', ...repair })).rejects.toMatchObject({
    code: 'ROOM_NOT_FOUND',
  })
  const magic = { room_id: roomId, ...repair, repair: 'magic' as 'recompute-state' }
  await expect(admin.repairRoom(magic)).rejects.toMatchObject(refused)
  const asking = admin.repairRoom({ room_id: roomId, ...repair, repair: 'state-from-servers' })
  await expect(asking).rejects.toMatchObject(refused)
  await expect(admin.retryMissingEvents({ room_id: roomId, ...DRY })).rejects.toMatchObject(refused)
})
