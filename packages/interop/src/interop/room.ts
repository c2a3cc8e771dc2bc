import { isJsonObject, type JsonObject, type JsonValue } from '@roomserver/types'
import { textOf } from '@roomserver/testing'
import { bagOf, type ClientUser, type Drive, eventually, request } from './drive.ts'

const path = (room: string, rest: string) => `/_matrix/client/r0/rooms/${encodeURIComponent(room)}${rest}`

/** Creates a room and notes it under a name. */
export async function createRoom(
  drive: Drive,
  name: string,
  user: ClientUser,
  options: JsonObject,
): Promise<string> {
  const answer = await drive.call(`create ${name}`, user, 'POST', '/_matrix/client/r0/createRoom', options)
  const room = textOf(answer['room_id'])
  drive.label(room, `!${name}`)
  return room
}

/** invite, kick, ban, unban, leave, forget: everything that is POSTed to a room with or without a target. */
export async function act(
  drive: Drive,
  step: string,
  user: ClientUser,
  room: string,
  action: string,
  target?: ClientUser,
): Promise<void> {
  await drive.call(step, user, 'POST', path(room, `/${action}`), target && { user_id: target.id })
}

/** Joins by room ID or alias, through the named servers. */
export async function join(
  drive: Drive,
  step: string,
  user: ClientUser,
  roomOrAlias: string,
  via: readonly string[] = [],
): Promise<void> {
  const query = via.map((server) => `server_name=${encodeURIComponent(server)}`).join('&')
  const target = `/_matrix/client/r0/join/${encodeURIComponent(roomOrAlias)}?${query}`
  await drive.call(step, user, 'POST', target, {}, (answer) => answer['room_id'] ?? null)
}

/** Sends a message and returns its event ID. */
export async function send(
  drive: Drive,
  step: string,
  user: ClientUser,
  room: string,
  text: string,
): Promise<string> {
  const target = path(room, `/send/m.room.message/${drive.transaction()}`)
  const answer = await drive.call(step, user, 'PUT', target, { msgtype: 'm.text', body: text })
  const id = textOf(answer['event_id'])
  drive.label(id, `$${text}`)
  return id
}

/** Sets state. */
export async function setState(
  drive: Drive,
  step: string,
  user: ClientUser,
  room: string,
  type: string,
  content: JsonObject,
  key = '',
): Promise<string> {
  const answer = await drive.call(
    step,
    user,
    'PUT',
    path(room, `/state/${type}/${encodeURIComponent(key)}`),
    content,
  )
  return textOf(answer['event_id'])
}

/** Redacts an event. */
export async function redact(
  drive: Drive,
  step: string,
  user: ClientUser,
  room: string,
  event: string,
): Promise<void> {
  await drive.call(
    step,
    user,
    'PUT',
    path(room, `/redact/${encodeURIComponent(event)}/${drive.transaction()}`),
    {},
  )
}

/** What a room looks like to a user, without what differs from run to run. */
export async function seeRoom(user: ClientUser, room: string): Promise<{ status: number; state: JsonValue }> {
  const { status, answer } = await stateOf(user, room)
  const entries = answer.map(stateEntry)
  return {
    status,
    state: bagOf(entries.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))),
  }
}

async function stateOf(user: ClientUser, room: string): Promise<{ status: number; answer: JsonObject[] }> {
  const response = await fetch(user.baseUrl + path(room, '/state'), {
    headers: { authorization: `Bearer ${user.token}` },
  })
  const answer: unknown = await response.json().catch(() => [])
  return { status: response.status, answer: Array.isArray(answer) ? answer.filter(isJsonObject) : [] }
}

function stateEntry(event: JsonObject): JsonValue {
  return [
    event['type'] ?? null,
    event['state_key'] ?? null,
    event['sender'] ?? null,
    event['content'] ?? null,
  ]
}

/** Notes the state of a room once it has what `ready` waits for. */
export async function noteState(
  drive: Drive,
  step: string,
  user: ClientUser,
  room: string,
  ready: (state: string) => boolean = () => true,
): Promise<void> {
  const seen = await eventually(
    () => seeRoom(user, room),
    (value) => ready(JSON.stringify(value.state)),
  )
  drive.note(step, seen.status, seen.state)
}

/** Pages back through the whole room and notes the messages in order. */
export async function noteHistory(
  drive: Drive,
  step: string,
  user: ClientUser,
  room: string,
  ready: (history: string) => boolean = () => true,
): Promise<void> {
  const seen = await eventually(
    () => history(user, room),
    (value) => ready(JSON.stringify(value)),
  )
  drive.note(step, 200, seen)
}

/** The messages of a room, newest first, as far as one can page back. */
export async function history(user: ClientUser, room: string): Promise<JsonValue[]> {
  const found: JsonValue[] = []
  let from = ''
  for (let page = 0; page < 30; page++) {
    const query = `/messages?dir=b&limit=20${from === '' ? '' : `&from=${encodeURIComponent(from)}`}`
    const { status, answer } = await request(user, 'GET', path(room, query))
    const chunk = Array.isArray(answer['chunk']) ? answer['chunk'].filter(isJsonObject) : []
    found.push(
      ...chunk.map((event) => [event['type'] ?? null, event['sender'] ?? null, event['content'] ?? null]),
    )
    from = textOf(answer['end'])
    if (status !== 200 || chunk.length === 0 || from === '') break
  }
  return found
}

/** Notes what a sync from scratch tells of the user's rooms: which are joined, invited and left, and their timelines' messages. */
export async function noteSync(
  drive: Drive,
  step: string,
  user: ClientUser,
  ready: (rooms: string) => boolean = () => true,
): Promise<void> {
  const seen = await eventually(
    async () => roomsOf((await request(user, 'GET', '/_matrix/client/r0/sync?timeout=0')).answer),
    (value) => ready(JSON.stringify(value)),
  )
  drive.note(step, 200, seen)
}

/** Waits until `witness` sees that `sender` changed the membership of `target`; what is told next depends on it. */
export async function untilMemberBy(
  sender: ClientUser,
  target: ClientUser,
  witness: ClientUser,
  room: string,
): Promise<void> {
  const entry = JSON.stringify(['m.room.member', target.id, sender.id]).slice(0, -1)
  await eventually(
    async () => JSON.stringify((await seeRoom(witness, room)).state),
    (state) => state.includes(entry),
  )
}

/** Notes what an incremental sync tells of the messages that `meanwhile` makes, and of nothing before them. */
export async function noteSyncSince(
  drive: Drive,
  step: string,
  user: ClientUser,
  meanwhile: () => Promise<void>,
): Promise<void> {
  const sync = (since: string) => request(user, 'GET', `/_matrix/client/r0/sync?timeout=0${since}`)
  const before = textOf((await settled(() => sync(''))).answer['next_batch'])
  await meanwhile()
  const types = await eventually(
    async () => timelineOf((await sync(`&since=${encodeURIComponent(before)}`)).answer),
    (seen) => seen.length >= 2,
  )
  drive.note(step, 200, types)
}

/** The answer once it has stayed the same for a moment: other components have taken in what went before. */
async function settled<T extends { readonly answer: JsonObject }>(ask: () => Promise<T>): Promise<T> {
  let last = await ask()
  return await eventually(
    async () => {
      const next = await ask()
      const isSame = next.answer['next_batch'] === last.answer['next_batch']
      last = next
      return { next, isSame }
    },
    ({ isSame }) => isSame,
  ).then(({ next }) => next)
}

function timelineOf(sync: JsonObject): readonly string[] {
  const rooms = isJsonObject(sync['rooms']) ? sync['rooms'] : {}
  const joined = isJsonObject(rooms['join']) ? Object.values(rooms['join']) : []
  const events = joined.flatMap((room) => {
    const timeline = isJsonObject(room) ? room['timeline'] : undefined
    const inside = isJsonObject(timeline) ? timeline['events'] : undefined
    return Array.isArray(inside) ? inside.filter(isJsonObject) : []
  })
  return events.map((event) => textOf(event['type']))
}

function roomsOf(sync: JsonObject): JsonObject {
  const rooms = isJsonObject(sync['rooms']) ? sync['rooms'] : {}
  return Object.fromEntries(
    ['join', 'invite', 'leave'].map((section) => {
      const inside = rooms[section]
      return [section, bagOf(isJsonObject(inside) ? Object.keys(inside) : [])]
    }),
  )
}
