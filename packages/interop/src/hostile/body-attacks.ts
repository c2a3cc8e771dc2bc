import { setTimeout as wait } from 'node:timers/promises'
import { connect as connectTcp } from 'node:net'
import type { Attack, AttackGroup } from './attack.ts'
import { type Body, connected, joined, repeated, send, sendAlone, sendMany } from './send.ts'

const MIB = 1024 * 1024
/** A little less than the greatest body. */
const GREATEST = 127 * MIB

const EMPTY_LISTS = '[],'
const INPUT = 'inputRoomEvents'

function attack(name: string, operation: string, body: () => Body): Attack {
  return { name, run: (url) => sendAlone(url, operation, body()) }
}

/** A body with something of a length in its middle. */
function around(start: string, filler: string, bytes: number, end: string): () => Body {
  return () => joined([start], repeated(filler, Math.floor(bytes / filler.length)), [end])
}

function join(bytes: number): () => Body {
  return around('{"room_id_or_alias":"!r:a","user_id":"@u:a","content":{"x":[', EMPTY_LISTS, bytes, '[]]}}')
}

function entries(filler: string, count: number, isAsync = false): () => Body {
  const end = `${filler}],"async":${String(isAsync)}}`
  return around('{"input_room_events":[', `${filler},`, count * (filler.length + 1), end)
}

/** Bodies by size, depth and count. */
export const bodies: AttackGroup = {
  name: 'bodies',
  attacks: [
    // What others wait for anyway, on this machine at this time.
    { name: 'nothing, for ten seconds', run: async () => (await wait(10_000), '') },
    attack('join, content of empty lists, 64 KiB', 'performJoin', join(65_000)),
    attack('join, content of empty lists, 1 MiB', 'performJoin', join(MIB)),
    attack('join, content of empty lists, 127 MiB', 'performJoin', join(GREATEST)),
    {
      name: 'join, content of empty lists, 64 KiB, 100 at once',
      run: (url) =>
        sendMany(
          url,
          'performJoin',
          Array.from({ length: 100 }, () => join(65_000)),
        ),
    },
    attack(
      'invite, 1 MiB of stripped state',
      'performInvite',
      around('{"invite_room_state":[', '{"content":[[],[]]},', MIB - 100, '{}]}'),
    ),
    attack('input, 87,000 times {}', INPUT, entries('{}', 87_000)),
    attack('input, 87,000 times {}, asynchronous', INPUT, entries('{}', 87_000, true)),
    attack('input, 249,000 times {}', INPUT, entries('{}', 249_000)),
    attack('input, 2.8 million times {}', INPUT, entries('{}', 2_800_000)),
    attack(
      'input, a state of a million empty IDs',
      INPUT,
      around('{"input_room_events":[{"kind":2,"state_event_ids":[', '"",', 3 * MIB, '""]}]}'),
    ),
    attack('unknown member, a string of 127 MiB', INPUT, around('{"x":"', 'y'.repeat(4_096), GREATEST, '"}')),
    attack('unknown member, empty lists of 127 MiB', INPUT, around('{"x":[', EMPTY_LISTS, GREATEST, '[]]}')),
    attack(
      'unknown member, escapes of 127 MiB',
      INPUT,
      around('{"x":"', String.raw`\u0041\n`, GREATEST, '"}'),
    ),
    attack('blanks of 127 MiB', INPUT, around('{', ' '.repeat(4_096), GREATEST, '}')),
    attack('a number of 127 MiB', INPUT, around('{"x":1', '0'.repeat(4_096), GREATEST, '}')),
    attack('lists 10,000 deep', INPUT, around('{"x":', '[', 10_000, ']'.repeat(10_000))),
    attack(
      'an event of 127 MiB',
      INPUT,
      around('{"input_room_events":[{"event":{"x":"', 'y'.repeat(4_096), GREATEST, '"}}]}'),
    ),
    attack('many IDs, 16 MiB', 'queryEventsByID', around('{"event_ids":[', '"",', 15 * MIB, '""]}')),
    {
      name: 'unknown members of 127 MiB, 8 at once',
      run: (url) =>
        sendMany(
          url,
          INPUT,
          Array.from({ length: 8 }, () => around('{"x":[', EMPTY_LISTS, GREATEST, '[]]}')),
        ),
    },
    {
      name: 'events of 50 kB in 100 MiB, 4 at once',
      run: (url) => {
        const event = `{"kind":2,"event":{"_room_version":"10","content":{"body":"${'z'.repeat(50_000)}"}}},`
        return sendMany(
          url,
          INPUT,
          Array.from({ length: 4 }, () => around('{"input_room_events":[', event, 100 * MIB, '{}]}')),
        )
      },
    },
    {
      name: 'events of 50 kB in 70 MiB, 2 at once',
      run: (url) => {
        const event = `{"kind":2,"event":{"_room_version":"10","content":{"body":"${'z'.repeat(50_000)}"}}},`
        return sendMany(
          url,
          INPUT,
          Array.from({ length: 2 }, () => around('{"input_room_events":[', event, 70 * MIB, '{}]}')),
        )
      },
    },
  ],
}

/** Bodies by how slowly they come. */
export const slowness: AttackGroup = {
  name: 'slowness',
  attacks: [
    { name: '8 connections with 256 half-sent bodies each', run: (url) => halfSent(url, 8, 256, '{') },
    { name: '8 connections that send 30 MiB each and stop', run: (url) => halfSent(url, 8, 1, largeStart()) },
    { name: '500 half-sent bodies over HTTP/1.1', run: (url) => halfSentHttp1(url, 500) },
    { name: '500 bodies over HTTP/1.1, a byte a second', run: (url) => halfSentHttp1(url, 500, 1_000) },
  ],
}

/** How long half-sent bodies are left lying. */
const LEFT_MS = 12_000

function largeStart(): string {
  return `{"input_room_events":[${`{"event":{"x":"${'z'.repeat(50_000)}"}},`.repeat(600)}`
}

async function halfSent(url: string, connections: number, streams: number, start: string): Promise<string> {
  const sessions = Array.from({ length: connections }, () => connected(url))
  const statuses = new Map<string, number>()
  for (const session of sessions) {
    for (let count = 0; count < streams; count++) {
      const stream = session.request({ ':method': 'POST', ':path': '/api/roomserver/inputRoomEvents' })
      stream
        .on('error', () => undefined)
        .on('response', (head) => {
          const status = String(head[':status'])
          statuses.set(status, (statuses.get(status) ?? 0) + 1)
        })
      stream.write(start)
    }
  }
  await wait(2_000)
  const other = connected(url)
  const answer = await send(other, 'inputRoomEvents', ['{"input_room_events":[{}]}'])
  other.destroy()
  await wait(LEFT_MS)
  for (const session of sessions) session.destroy()
  const cutOff = [...statuses].map(([status, count]) => `${count} × ${status}`).join(', ')
  return `another is answered ${answer.slice(0, 3)}; cut off: ${cutOff === '' ? 'none' : cutOff}`
}

async function halfSentHttp1(url: string, count: number, everyMs?: number): Promise<string> {
  let answered = 0
  const { port, hostname } = new URL(url)
  const sockets = Array.from({ length: count }, () => {
    const socket = connectTcp(Number(port), hostname).on('error', () => undefined)
    socket.once('data', () => answered++)
    socket.write(
      'POST /api/roomserver/performJoin HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n\r\n{',
    )
    return socket
  })
  const drip = setInterval(() => {
    if (everyMs !== undefined) for (const socket of sockets) socket.write(' ')
  }, everyMs ?? LEFT_MS)
  await wait(LEFT_MS)
  clearInterval(drip)
  for (const socket of sockets) socket.destroy()
  return `${answered} cut off`
}
