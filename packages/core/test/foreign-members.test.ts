import type { FederationApi } from '@roomserver/api'
import {
  contentHash,
  encodeBase64,
  ed25519,
  decodeBase64,
  parsePdu,
  type Pdu,
  signEvent,
} from '@roomserver/events'
import { RoomBuilder } from '@roomserver/testing'
import { type EventId, type JsonObject, serverOf } from '@roomserver/types'
import { describe, expect, it } from 'vitest'
import { renderOutput } from '../src/index.ts'
import { Homeserver } from './homeserver.ts'
import { Operations } from './operations.ts'

const SEED = 'A'.repeat(43)
const UNSIGNED = {
  age: 7,
  redacted_because: { type: 'm.room.redaction' },
  replaces_state: '$old',
  transaction_id: 'm1',
  membership: 'leave',
  prev_content: { body: 'something else' },
}
const HEADER = { _event_id: '$victim', _room_version: '1' }

/** A room with a user of server `m`, and a message of theirs with members that no honest server sends. */
async function roomWith(version: string, extra: JsonObject) {
  const room = await RoomBuilder.create({ version })
  await room.join('@mallory:m')
  const known = [...room.events]
  const auth = [...(version === '12' ? [] : [known[0]]), known[2], known[4]]
  const draft = {
    ...extra,
    auth_events: auth.map((event) => event?.eventId ?? ''),
    content: { body: 'evil', msgtype: 'm.text' },
    depth: 6,
    origin_server_ts: 1_700_000_009_000,
    prev_events: room.extremities.map(({ eventId }) => eventId),
    room_id: room.roomId,
    sender: '@mallory:m',
    type: 'm.room.message',
  }
  const json = JSON.stringify({ ...draft, hashes: { sha256: contentHash(JSON.stringify(draft)) } })
  const key = { server: serverOf(draft.sender) ?? '', keyId: 'ed25519:test', seed: SEED }
  const parsed = parsePdu(await signEvent(json, room.rules, key), room.rules)
  if (!parsed.ok) throw new TypeError(parsed.reason)
  const own = [...(version === '12' ? [] : [known[0]]), known[2], known[1]].filter((one) => one !== undefined)
  const after = await room.message('after', { prev: [parsed.pdu], auth: own, depth: 7 })
  return { room, known, evil: parsed.pdu, after }
}

/** A server that has an event, and the events before it. */
async function serverWith(event: Pdu): Promise<FederationApi> {
  const key = encodeBase64(await ed25519.publicKey(decodeBase64(SEED) as Uint8Array<ArrayBuffer>))
  const valid = { key, expired_ts: 0, valid_until_ts: 4e12 }
  const answers: Pick<FederationApi, 'lookupMissingEvents' | 'queryPublicKey'> = {
    lookupMissingEvents: async () => ({ events: [event.json] }),
    queryPublicKey: async ({ requests }) => ({
      results: new Map([...requests.keys()].map((name) => [name, valid])),
    }),
  }
  return answers as FederationApi
}

/** The outputs that show an event, as text. */
async function shownIn(hs: Homeserver, body: string): Promise<readonly string[]> {
  return (await hs.outputs()).map((output) => JSON.stringify(output)).filter((text) => text.includes(body))
}

const count = (text: string, part: string) => text.split(part).length - 1

describe.each(['3', '6', '10', '11', '12'])('an event of version %s', (version) => {
  it.each<[string, 'input' | 'gap']>([
    ['input', 'input'],
    ['a gap', 'gap'],
  ])(
    'that has the header of another one itself is announced by its own alone, from %s',
    async (_from, way) => {
      const { known, evil, after } = await roomWith(version, HEADER)
      await using hs = await Homeserver.start({ federation: await serverWith(evil) })
      await hs.takeAll(known)
      if (way === 'input') await hs.take(evil)
      else expect(await hs.take(after, { origin: 'm' })).toMatchObject({ verdict: 'accepted' })

      const [output, ...others] = await outputsOf(hs, evil.eventId)
      expect(others).toEqual([])
      expect(output).toContain('"body":"evil"')
      expect(count(output ?? '', '"_event_id"')).toBe(1)
      expect(count(output ?? '', '"_room_version"')).toBe(1)
      // The members are the author's: what was hashed and signed is stored as it came.
      expect(JSON.parse((await hs.event(evil.eventId))?.json ?? '{}')).toMatchObject(HEADER)
    },
  )

  it('says nothing in its unsigned data that only we may say', async () => {
    const { known, evil, after } = await roomWith(version, { unsigned: UNSIGNED })
    await using taken = await Homeserver.start()
    await taken.takeAll([...known, evil])
    await using fetched = await Homeserver.start({ federation: await serverWith(evil) })
    await fetched.takeAll([...known, after])
    for (const hs of [taken, fetched]) {
      const [shown] = await shownIn(hs, '"evil"')
      expect(JSON.parse(shown ?? '{}')).toMatchObject({ new_room_event: { event: { unsigned: { age: 7 } } } })
      for (const name of Object.keys(UNSIGNED).slice(1)) expect(shown).not.toContain(name)
    }
  })
})

/** The outputs about an event, as they go out. */
async function outputsOf({ storage }: Homeserver, eventId: EventId): Promise<readonly string[]> {
  const outputs = (await storage.outputs(0, 1_000)).filter((output) => output.eventId === eventId)
  return outputs.map((output) => renderOutput(output))
}

it('has one header in answers, too', async () => {
  const { room, known, evil } = await roomWith('10', HEADER)
  await using server = await Operations.start()
  await server.hs.takeAll([...known, evil])
  const { events } = await server.api.queryEventsById({ event_ids: [evil.eventId] })
  expect(events).toHaveLength(1)
  expect(events[0]).toMatchObject({ eventId: evil.eventId, roomVersion: '10' })
  expect(events[0]?.json).not.toMatch(/_event_id|_room_version/)
  expect(room.rules.version).toBe('10')
})

it('keeps of an invite from elsewhere what it shows of the room, and nothing else', async () => {
  await using server = await Operations.start()
  const room = await RoomBuilder.create({ creator: '@mallory:m', roomId: '!far:m' })
  const invite = await room.member('@mallory:m', '@alice:a', 'invite')
  const json = JSON.stringify({
    ...JSON.parse(invite.json),
    unsigned: { ...UNSIGNED, invite_room_state: [] },
  })
  const request = {
    room_version: '10',
    event: { roomVersion: '10', eventId: invite.eventId, json },
    invite_room_state: [
      { type: 'm.room.name', state_key: '', sender: '@mallory:m', content: { name: 'Far' } },
    ],
    invite_room_state_pdus: [],
    send_as_server: '',
    transaction_id: null,
  }
  expect(await server.api.performInvite(request)).toEqual({ Error: null })
  const output = await server.lastOutput()
  expect(output?.new_invite_event?.event.unsigned).toEqual({ invite_room_state: request.invite_room_state })
})
