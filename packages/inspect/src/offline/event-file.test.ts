import { expect, it } from 'vitest'
import { readEventFile, readEventStream } from './event-file.ts'
import { openEvents } from './open-events.ts'

const create = { type: 'm.room.create', state_key: '', content: { room_version: '11' } }
const member = { type: 'm.room.member', state_key: '@a:b', content: { membership: 'join' } }

it.each([
  ['JSON Lines, with empty lines', `${JSON.stringify(create)}\n\n${JSON.stringify(member)}\r\n`],
  ['a JSON array', JSON.stringify([create, member])],
  ['an answer of /state', JSON.stringify({ pdus: [member], auth_chain: [create] })],
  ['an answer of /send_join', JSON.stringify({ state: [member], auth_chain: [create] })],
  ['an answer of /backfill', JSON.stringify({ origin: 'b', pdus: [create, member] })],
  ['an auth chain', JSON.stringify({ auth_chain: [create, member] })],
  [
    'a scenario of TARDIS',
    JSON.stringify({ tardis_version: 1, room_version: '11', events: [create, member] }),
  ],
  ['events in a member of their own', JSON.stringify([{ event_id: '$x', pdu: create }, { pdu: member }])],
])('reads %s', (_what, text) => {
  const file = readEventFile(text)
  expect(file.events.map(({ members }) => members['type'])).toEqual(['m.room.create', 'm.room.member'])
  expect(file.faults).toEqual([])
})

async function* inChunks(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = new TextEncoder().encode(text)
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

it.each([
  ['JSON Lines', `${JSON.stringify(create)}\n\nnone\n${JSON.stringify(member)}\r\n`],
  ['JSON Lines that begin with a broken line', `{"type":\n${JSON.stringify(create)}\n5`],
  ['one event', JSON.stringify(create)],
  ['a JSON array', JSON.stringify([create, 5, member], null, 1)],
  ['an answer of /state', JSON.stringify({ pdus: [member], auth_chain: [create] })],
  ['a scenario of TARDIS', '{ // JSON5\n tardis_version: 1, events: [{ type: "a", event_id: "$a" }] }'],
  ['nothing', ''],
])('reads %s from bytes as from a text, wherever they are cut', async (_what, text) => {
  for (const size of [1, 7, 1_000])
    expect(await readEventStream(() => inChunks(text, size))).toEqual(readEventFile(text))
})

it.each([
  ['an answer of /state', { pdus: [member], auth_chain: [create] }, true],
  ['an answer of /state of a room without an auth chain', { pdus: [create], auth_chain: [] }, true],
  ['an answer of /send_join', { state: [member], auth_chain: [create] }, true],
  ['a state alone', { state: [create, member] }, true],
  ['an answer of /backfill', { pdus: [create, member] }, false],
  ['an auth chain', { auth_chain: [create, member] }, false],
])('knows whether %s is a state: %o', (_what, file, isState) => {
  expect(readEventFile(JSON.stringify(file)).isState).toBe(isState)
})

it('takes the IDs and the room version that a file gives', () => {
  const headered = { ...create, _room_version: '11', _event_id: '$given' }
  const file = readEventFile(
    `${JSON.stringify(headered)}\n${JSON.stringify({ ...member, event_id: '$own' })}`,
  )
  expect(file).toMatchObject({ roomVersion: '11', events: [{ eventId: '$given' }, { eventId: '$own' }] })
  expect(file.events[0]?.members).toEqual(create)
})

it('says what is not an event, and reads the rest', () => {
  const file = readEventFile(`{"type":\n${JSON.stringify(create)}\n5\n`)
  expect(file.faults).toEqual(['line 1: not valid JSON', 'element 2: not an event'])
  expect(file.events).toHaveLength(1)
  expect(readEventFile('').events).toEqual([])
  expect(readEventFile('x\n'.repeat(100)).faults).toHaveLength(20)
})

// Callers without types.
it.each([
  ['nothing', undefined],
  ['bytes', new TextEncoder().encode('[]')],
  ['events', [create]],
  ['an answer that was parsed', { pdus: [create], auth_chain: [] }],
])('refuses %s for the text of a file', async (_what, wrong) => {
  const calls = {
    text: async () => readEventFile(wrong as never),
    open: () => readEventStream(wrong as never),
    file: () => openEvents(wrong as never),
  }
  for (const [argument, call] of Object.entries(calls))
    await expect(call()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', details: { argument } })
})
