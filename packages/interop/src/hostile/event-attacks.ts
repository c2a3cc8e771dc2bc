import type { Pdu } from '@roomserver/events'
import { RoomBuilder } from '@roomserver/testing'
import type { JsonObject } from '@roomserver/types'
import type { Attack, AttackGroup } from './attack.ts'
import { connected, joined, send } from './send.ts'

/** How many events a request has, and how long each is. */
const EVENTS = 200
const EVENT_BYTES = 54_000

/** Events as they go over the wire. */
function* inputs(texts: Iterable<string>): Generator<string> {
  yield '{"input_room_events":['
  let isFirst = true
  for (const text of texts) {
    yield `${isFirst ? '' : ','}{"kind":2,"origin":"a","event":${text}}`
    isFirst = false
  }
  yield ']}'
}

function wireText({ json, eventId, rules }: Pdu): string {
  return `${json.slice(0, -1)},"_room_version":"${rules.version}","_event_id":"${eventId}"}`
}

async function give(url: string, events: readonly string[]): Promise<string> {
  const session = connected(url)
  try {
    return await send(session, 'inputRoomEvents', joined(inputs(events)))
  } finally {
    session.destroy()
  }
}

let rooms = 0

/** A room of its own on the server. */
async function roomOn(url: string): Promise<RoomBuilder> {
  const room = await RoomBuilder.create({ roomId: `!hostile${++rooms}:a` })
  await give(url, room.events.map(wireText))
  return room
}

function members(name: (index: number) => string, value: string, bytes: number): string {
  const parts: string[] = []
  for (let length = 0; length < bytes; ) {
    const part = `"${name(parts.length)}":${value}`
    parts.push(part)
    length += part.length + 1
  }
  return `{${parts.join(',')}}`
}

/** Contents of an event that are hard on whoever reads them, as texts of a length. */
const SHAPES: Readonly<Record<string, (bytes: number) => string>> = {
  'one long text': (bytes) => `{"body":"${'x'.repeat(bytes)}"}`,
  'keys with escapes': (bytes) => members((index) => String.raw`\u006b${index}`, '1', bytes),
  'a text of escapes': (bytes) => `{"body":"${String.raw`\u0041`.repeat(bytes / 6)}"}`,
  'runs of a private character': (bytes) => `{"\\\\":1,"body":"${'\ue000'.repeat(bytes / 3)}"}`,
  'many keys': (bytes) => members((index) => `k${index}`, '1', bytes),
  'keys in the wrong order': (bytes) => members((index) => `k${1e6 - index}`, '1', bytes),
  'empty objects': (bytes) => `{"x":[${'{},'.repeat(bytes / 3)}{}]}`,
  'empty lists': (bytes) => `{"x":[${'[],'.repeat(bytes / 3)}[]]}`,
  integers: (bytes) => `{"x":[${'1,'.repeat(bytes / 2)}1]}`,
  'long integers': (bytes) => `{"x":[${'9007199254740991,'.repeat(bytes / 17)}1]}`,
  'lists in lists': (bytes) => `{"x":[${`${'['.repeat(400)}${']'.repeat(400)},`.repeat(bytes / 801)}1]}`,
  blanks: (bytes) => `{${' '.repeat(bytes)}}`,
}

function shapeAttack(name: string, content: string): Attack {
  return {
    name: `${EVENTS} events of ${EVENT_BYTES / 1_000} kB: ${name}`,
    run: async (url) => {
      const room = await roomOn(url)
      const message = await room.message('content')
      const texts = Array.from({ length: EVENTS }, (_, index) => {
        const text = wireText({ ...message, json: message.json, eventId: '', rules: message.rules })
        return text
          .replace('{"body":"content","msgtype":"m.text"}', content)
          .replace('"depth":', `"n${index}":1,"depth":`)
      })
      return give(url, texts)
    },
  }
}

/** Events by shape. */
export const events: AttackGroup = {
  name: 'events',
  attacks: Object.entries(SHAPES).map(([name, shape]) => shapeAttack(name, shape(EVENT_BYTES))),
}

type Fork = (room: RoomBuilder, index: number, prev: readonly Pdu[]) => Promise<Pdu>

/** Forks that all name the same prev event. */
const FORKS: Readonly<Record<string, Fork>> = {
  messages: (room, index, prev) => room.message(String(index), { prev }),
  'state events of one key': (room, index, prev) =>
    room.state('m.room.topic', '', { topic: String(index) }, { prev }),
  'state events of different keys': (room, index, prev) => room.state('x.y', String(index), {}, { prev }),
  'joins of different users': (room, index, prev) => room.join(`@user${index}:a`, { prev }),
  'power levels': (room, index, prev) => room.state('m.room.power_levels', '', levels(room, index), { prev }),
}

function levels(room: RoomBuilder, index: number): JsonObject {
  return { users: { [room.creator]: 100 }, users_default: index % 50 }
}

const FORK_COUNT = 500

function forkAttack(name: string, fork: Fork): Attack {
  return {
    name: `${FORK_COUNT} forks: ${name}`,
    run: async (url) => {
      const room = await roomOn(url)
      const prev = room.extremities
      const texts: string[] = []
      for (let index = 0; index < FORK_COUNT; index++) texts.push(wireText(await fork(room, index, prev)))
      return give(url, texts)
    },
  }
}

/** Forks by kind. */
export const forks: AttackGroup = {
  name: 'forks',
  attacks: Object.entries(FORKS).map(([name, fork]) => forkAttack(name, fork)),
}
