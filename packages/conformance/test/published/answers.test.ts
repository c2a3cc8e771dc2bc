import { checkAuth, readJoinAnswer, readStateAnswer } from '@roomserver/auth'
import { ed25519, encodeBase64, type Pdu, type VerifyKey } from '@roomserver/events'
import { RoomBuilder } from '@roomserver/testing'
import { isJsonObject, type JsonObject } from '@roomserver/types'
import { describe, expect, it } from 'vitest'

// The key of every server in rooms that RoomBuilder makes.
const key: VerifyKey = { key: encodeBase64(await ed25519.publicKey(new Uint8Array(32))), validUntilTs: 4e12 }
const verifying = { findKey: async () => key, now: 1_700_000_000_000 }

async function room(version: string) {
  const built = await RoomBuilder.create({ version })
  await built.join('@bob:b')
  return built
}

function answer(state: readonly Pdu[], list: string, more: JsonObject = {}): string {
  const texts = state.map(({ json }) => json).join(',')
  const rest = JSON.stringify(more).slice(1)
  return `{"${list}":[${texts}],"auth_chain":[${texts}]${rest === '}' ? '' : ','}${rest}`
}

const changed = ({ json }: Pdu, content: JsonObject): string => {
  const event: unknown = JSON.parse(json)
  return JSON.stringify({ ...(isJsonObject(event) && event), content })
}

describe.each(['3', '10', '12'])('the state that another server answers with, version %s', (version) => {
  it('is read, verified and usable', async () => {
    const { events, roomId } = await room(version)
    const options = { ...verifying, roomId, version }
    const verdict = await readStateAnswer(answer(events, 'pdus'), options)
    if (!verdict.ok) throw new Error(verdict.reason)
    expect(verdict.refused).toEqual([])
    expect(new Set(verdict.events.map(({ eventId }) => eventId))).toEqual(
      new Set(events.map(({ eventId }) => eventId)),
    )
    expect(verdict.state.get('m.room.member', '@bob:b')?.content).toEqual({ membership: 'join' })
    const parsed: unknown = JSON.parse(answer(events, 'pdus'))
    expect(await readStateAnswer(parsed as object, options)).toMatchObject({ ok: true, refused: [] })
  })

  it('leaves out what is not signed, what nothing allows, and what builds on it', async () => {
    const built = await room(version)
    const stranger = await built.state('m.room.topic', '', { topic: 'mine' }, { sender: '@eve:e' })
    const options = { ...verifying, roomId: built.roomId, version }
    const withStranger = await readStateAnswer(answer(built.events, 'pdus'), options)
    expect(withStranger).toMatchObject({ ok: true, refused: [{ eventId: stranger.eventId }] })

    const findKey = async (server: string) => (server === 'b' ? undefined : key)
    const withoutKey = await readStateAnswer(answer(built.events, 'pdus'), { ...options, findKey })
    expect(withoutKey).toMatchObject({ ok: true })
    if (withoutKey.ok) expect(withoutKey.state.get('m.room.member', '@bob:b')).toBeUndefined()
  })

  it('is nothing without the create event, or of another room', async () => {
    const { events, roomId } = await room(version)
    const options = { ...verifying, roomId, version }
    expect(await readStateAnswer(answer(events.slice(1), 'pdus'), options)).toMatchObject({ ok: false })
    expect(await readStateAnswer('{"pdus":[]}', options)).toMatchObject({ ok: false })
    expect(await readStateAnswer('no JSON', options)).toMatchObject({ ok: false })
    const other = await readStateAnswer(answer(events, 'pdus'), { ...options, roomId: '!other:a' })
    expect(other).toMatchObject({ ok: false })
  })
})

it('takes the redacted form of an event whose content was changed on the way', async () => {
  const { events, roomId } = await room('10')
  const [create, ...others] = events as [Pdu, ...Pdu[]]
  const bob = others.at(-1) as Pdu
  const member = changed(bob, { membership: 'join', displayname: 'Eve' })
  const texts = [create, ...others.slice(0, -1)].map(({ json }) => json).concat(member)
  const verdict = await readStateAnswer(`{"pdus":[${texts.join(',')}],"auth_chain":[]}`, {
    ...verifying,
    roomId,
    version: '10',
  })
  expect(verdict.ok && verdict.state.get('m.room.member', '@bob:b')?.content).toEqual({ membership: 'join' })
})

describe('the answer to a join', () => {
  it('gives the state before it, in which it is allowed, and the join itself', async () => {
    const built = await room('10')
    const state = [...built.events]
    const join = await built.join('@carol:c')
    const options = { ...verifying, join }
    const verdict = await readJoinAnswer(
      answer(state, 'state', { event: JSON.parse(join.json) as JsonObject }),
      options,
    )
    expect(verdict).toMatchObject({ ok: true, join: { eventId: join.eventId } })
    expect(verdict.ok && checkAuth(join, verdict.state)).toMatchObject({ allowed: true })
    expect(await readJoinAnswer(answer(state, 'state'), options)).toMatchObject({ ok: true })
  })

  it('is refused when its state does not allow the join, or it sends back another event', async () => {
    const built = await RoomBuilder.create({ joinRule: 'invite' })
    const state = [...built.events]
    const join = await built.join('@carol:c')
    expect(await readJoinAnswer(answer(state, 'state'), { ...verifying, join })).toMatchObject({
      ok: false,
      reason: expect.stringContaining('not invited'),
    })
    const open = await room('10')
    const members = [...open.events]
    const own = await open.join('@carol:c')
    const [, alice] = members as [Pdu, Pdu]
    const swapped = answer(members, 'state', { event: JSON.parse(alice.json) as JsonObject })
    expect(await readJoinAnswer(swapped, { ...verifying, join: own })).toMatchObject({ ok: false })
  })
})
