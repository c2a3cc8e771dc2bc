import { buildEvent, type EventDraft, headeredJson, type Pdu } from '@roomserver/events'
import { roomVersion } from '@roomserver/version'
import { expect, it } from 'vitest'
import { gatherPdus } from './gather.ts'

const KEY = {
  server: 'example.org',
  keyId: 'ed25519:1',
  seed: Buffer.alloc(32, 1).toString('base64').replace('=', ''),
}

async function build(
  version: string,
  draft: Partial<EventDraft> & { type: string; content: object },
): Promise<Pdu> {
  const rules = roomVersion(version)
  if (rules === undefined) throw new Error(version)
  const verdict = await buildEvent(
    {
      sender: '@alice:example.org',
      stateKey: '',
      prevEvents: [],
      authEvents: [],
      depth: 1,
      originServerTs: 1,
      ...draft,
      content: draft.content as Record<string, string>,
    },
    rules,
    KEY,
  )
  if (!verdict.ok) throw new Error(verdict.reason)
  return verdict.pdu
}

async function gather(texts: readonly string[]) {
  async function* lines() {
    for (const [index, text] of texts.entries()) yield { file: 'f', number: index + 1, text }
  }
  const { pdus, refused } = await gatherPdus(lines(), async () => undefined)
  return { ids: pdus.map(({ eventId }) => eventId), rules: pdus.map(({ rules }) => rules.version), refused }
}

it('reads events by the rules of their room, wherever its create event stands', async () => {
  const create = await build('10', {
    roomId: '!a:example.org',
    type: 'm.room.create',
    content: { room_version: '10' },
  })
  const name = await build('10', { roomId: '!a:example.org', type: 'm.room.name', content: { name: 'n' } })
  const { ids, rules } = await gather([name.json, create.json])
  expect(ids).toEqual([name.eventId, create.eventId])
  expect(rules).toEqual(['10', '10'])
})

it('finds the room of a create event that has no room ID', async () => {
  const create = await build('12', { type: 'm.room.create', content: { room_version: '12' } })
  const name = await build('12', { roomId: create.roomId, type: 'm.room.name', content: { name: 'n' } })
  expect((await gather([name.json, create.json])).ids).toEqual([name.eventId, create.eventId])
})

/** From a history of the simulation, in which a server lied. */
it('does not believe a create event in the middle of a room', async () => {
  const roomId = '!a:example.org'
  const create = await build('10', { roomId, type: 'm.room.create', content: { room_version: '10' } })
  const prevEvents = [{ eventId: create.eventId }]
  const lie = await build('10', { roomId, type: 'm.room.create', content: {}, prevEvents })
  const { rules, refused } = await gather([create.json, lie.json])
  expect(rules).toEqual(['10', '10'])
  expect(refused).toEqual([])
})

it('takes events as the internal API writes them', async () => {
  const name = await build('9', { roomId: '!a:example.org', type: 'm.room.name', content: { name: 'n' } })
  expect((await gather([headeredJson(name)])).ids).toEqual([name.eventId])
})

it('says why a line is not an event', async () => {
  const { refused } = await gather([
    '[1]',
    '{"room_id":"!a:b"}',
    '{"type":"m.room.create","state_key":"","content":{"room_version":"99"}}',
  ])
  expect(refused.map(({ line, reason }) => [line.number, reason])).toEqual([
    [1, 'the line is not a JSON object'],
    [2, 'the create event of its room is missing'],
    [3, 'no room version "99"'],
  ])
})
