import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { InputKind } from '@roomserver/api'
import { decodeBase64, ed25519, encodeBase64, type Pdu, signJson } from '@roomserver/events'
import { openStorage } from '@roomserver/storage'
import { RoomBuilder } from '@roomserver/testing'
import type { JsonObject } from '@roomserver/types'
import { describe, expect, it } from 'vitest'
import { rebuildRoom, auditRoom } from '../src/index.ts'
import { eventTask } from '../src/input/event-task.ts'
import { Homeserver } from './homeserver.ts'

const ALICE = '@alice:a'
const BOB = '@bob:b'
const CAROL = '@carol:a'

/** An event whose redaction takes away what a verdict followed from. */
interface Case {
  readonly room: RoomBuilder
  readonly redacted: Pdu
  /** A member of it that is gone. */
  readonly gone: string
  /** Events that were judged by it, and what came of them. */
  readonly judged: readonly (readonly [Pdu, string])[]
  /** Another that comes after the redaction, to be judged by it likewise. */
  readonly later: () => Promise<readonly [Pdu, string]>
}

const seed = 'B'.repeat(43)

async function thirdPartyInvite(version: string): Promise<Case> {
  const room = await RoomBuilder.create({ version })
  const key = encodeBase64(await ed25519.publicKey(decodeBase64(seed) as Uint8Array<ArrayBuffer>))
  await room.message('before')
  const content = { display_name: 'c...', key_validity_url: 'https://id.test/v', public_key: key }
  const redacted = await room.state('m.room.third_party_invite', 'token', content)
  const invite = await invited(room, redacted, CAROL)
  const joined = await room.join(CAROL)
  const later = async () => [await invited(room, redacted, '@dave:a'), 'accepted'] as const
  const judged = [
    [invite, 'accepted'],
    [joined, 'accepted'],
  ] as const
  return { room, redacted, gone: 'public_key', judged, later }
}

/** An invite by a third party: what the identity server signed for somebody whom it knows. */
async function invited(room: RoomBuilder, third: Pdu, user: string): Promise<Pdu> {
  const part = { mxid: user, token: 'token' }
  const signature = await signJson(part, { server: 'id.test', keyId: 'ed25519:0', seed })
  const signed = { ...part, signatures: { 'id.test': { 'ed25519:0': signature } } }
  const referenced = ['m.room.create', 'm.room.power_levels', 'm.room.join_rules']
  const auth = room.events.filter(
    ({ type, stateKey }) => referenced.includes(type) || (type === 'm.room.member' && stateKey === ALICE),
  )
  const isReferenced = ({ type }: Pdu) => room.rules.roomId !== 'create-hash' || type !== 'm.room.create'
  return await room.add({
    type: 'm.room.member',
    sender: ALICE,
    stateKey: user,
    content: { membership: 'invite', third_party_invite: { display_name: 'c', signed } },
    auth: [...auth.filter(isReferenced), third],
  })
}

async function inviteLevel(version: string): Promise<Case> {
  const room = await RoomBuilder.create({ version })
  await room.join(BOB)
  const redacted = await levels(room, { users: { [ALICE]: 100 }, invite: 50 })
  const invite = await room.member(BOB, CAROL, 'invite', { prev: [redacted] })
  await room.message('on', { prev: [redacted] })
  const later = async () =>
    [
      await room.member(BOB, '@dave:a', 'invite', { prev: [room.events.at(-1) ?? redacted] }),
      'rejected-by-auth-events',
    ] as const
  return { room, redacted, gone: 'invite', judged: [[invite, 'rejected-by-auth-events']], later }
}

async function notifications(version: string): Promise<Case> {
  const room = await RoomBuilder.create({ version })
  await room.join(BOB)
  const events = { 'm.room.power_levels': 50 }
  const users = { [ALICE]: 100, [BOB]: 50 }
  const redacted = await levels(room, { users, events, notifications: { room: 90 } })
  const change = { users, events, notifications: {} }
  const tried = await room.state('m.room.power_levels', '', change, { sender: BOB, prev: [redacted] })
  await room.message('on', { prev: [redacted] })
  const later = async () =>
    [
      await room.state('m.room.power_levels', '', change, {
        sender: BOB,
        prev: [room.events.at(-1) ?? redacted],
      }),
      'rejected-by-auth-events',
    ] as const
  return { room, redacted, gone: 'notifications', judged: [[tried, 'rejected-by-auth-events']], later }
}

async function levels(room: RoomBuilder, content: JsonObject): Promise<Pdu> {
  return await room.state('m.room.power_levels', '', content)
}

async function unfederated(version: string): Promise<Case> {
  const room = RoomBuilder.empty({ version })
  const redacted = await room.addCreate({ 'm.federate': false })
  await room.join(ALICE)
  await room.state('m.room.power_levels', '', { users: { [ALICE]: 100 } })
  const rules = await room.state('m.room.join_rules', '', { join_rule: 'public' })
  const stranger = await room.join('@eve:e', { prev: [rules] })
  await room.message('on', { prev: [rules] })
  const later = async () =>
    [
      await room.join('@mallory:e', { prev: [room.events.at(-1) ?? rules] }),
      'rejected-by-auth-events',
    ] as const
  return { room, redacted, gone: 'm.federate', judged: [[stranger, 'rejected-by-auth-events']], later }
}

const CASES: readonly (readonly [string, string, (version: string) => Promise<Case>])[] = [
  ...['1', '6', '10', '11', '12'].map(
    (version) => ['third-party invite', version, thirdPartyInvite] as const,
  ),
  ...['1', '6', '10'].map((version) => ['level to invite', version, inviteLevel] as const),
  ...['6', '10', '11'].map((version) => ['levels to notify', version, notifications] as const),
  ...['1', '6', '10'].map((version) => ['room that is not federated', version, unfederated] as const),
]

async function differing(hs: Homeserver, { roomId }: RoomBuilder): Promise<readonly string[]> {
  const wrong: string[] = []
  const source = { store: hs.storage, eventsOfRoom: hs.storage.eventsOfRoom }
  for await (const what of auditRoom(source, await hs.room(roomId))) wrong.push(what)
  return wrong
}

/** What deciding the room anew finds, and what rebuilding it does. */
async function wrongIn(hs: Homeserver, room: RoomBuilder): Promise<readonly string[]> {
  const wrong = [...(await differing(hs, room))]
  const parts = { store: hs.storage, eventsOfRoom: hs.storage.eventsOfRoom, input: hs.input }
  const { roomId } = room
  for await (const what of rebuildRoom(parts, await hs.room(roomId), { by: 'a test', isDryRun: false }))
    wrong.push(what)
  return wrong
}

// What a redaction takes away is gone for everybody, and yet verdicts follow from what events said.
describe.each(CASES)('the redaction of a %s, in version %s', (_what, version, build) => {
  it('leaves verdicts as they are, and those of new events are what they would have been', async () => {
    await using hs = await Homeserver.start()
    const { room, redacted, gone, judged, later } = await build(version)
    await room.redact(redacted)
    await hs.takeAll(room.events)
    for (const [event, verdict] of judged)
      expect((await hs.event(event.eventId))?.verdict, event.type).toBe(verdict)
    const stored = await hs.event(redacted.eventId)
    expect(stored?.redactedBy).not.toBe(0)
    expect(stored?.json).not.toContain(`"${gone}"`)
    expect(await wrongIn(hs, room)).toEqual([])
    const [event, verdict] = await later()
    expect(await hs.take(event)).toMatchObject({ verdict })
    expect(await wrongIn(hs, room)).toEqual([])
  })

  it('by a program that did not keep what the rules read leaves verdicts as they are', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'roomserver-redacted-')), 'rooms.db')
    const { room, redacted, judged } = await build(version)
    await room.redact(redacted)
    await using hs = new Homeserver(await openStorage({ dialect: 'sqlite', file }))
    await hs.takeAll(room.events)
    using database = new DatabaseSync(file)
    database.exec(`update events set auth_content = ''`)
    expect(await wrongIn(hs, room)).toEqual([])
    for (const [event, verdict] of judged) expect((await hs.event(event.eventId))?.verdict).toBe(verdict)
  })
})

it('a redaction does not turn verdicts round when history comes late', async () => {
  const { room, redacted, judged } = await thirdPartyInvite('10')
  const { events } = room
  const gap = events.findIndex((event) => event === redacted)
  const redaction = await room.redact(redacted)
  await using hs = await Homeserver.start()
  await hs.takeAll(events.slice(0, gap - 1))
  for (const event of [...events.slice(0, gap - 1), redacted])
    await hs.take(event, { kind: InputKind.outlier })
  // The event before the third-party invite is missing, and so the state before the invite is remote state.
  const eventIds = [...events.slice(0, gap - 1), redacted].map(({ eventId }) => eventId)
  const [invite, joined] = judged.map(([event]) => event)
  const stateBefore = { by: 'repair', eventIds } as const
  if (invite === undefined || joined === undefined) throw new Error('no invite')
  await hs.input.runTask(eventTask({ kind: 'new', pdu: invite, sendAsServer: '', stateBefore }))
  await hs.takeAll([joined, redaction])
  const current = await hs.current(room.roomId)
  await hs.takeAll(events.slice(gap - 1, gap + 1))
  await hs.input.settled()
  expect(await hs.current(room.roomId)).toEqual(expect.arrayContaining([...current]))
  expect((await hs.event(joined.eventId))?.verdict).toBe('accepted')
  expect(await differing(hs, room)).toEqual([])
})
