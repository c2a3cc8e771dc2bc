// A bot that keeps the state of rooms from /sync, and asks before it acts.
import { authStateOf, permissionsOf } from '@roomserver/auth'
import { type ClientEvent, type Pdu, pduFromClientEvent } from '@roomserver/events'
import { roomVersionOf } from '@roomserver/version'

const BOT = '@bot:example.org'

/** The state of one room, by type and state key. */
class Room {
  readonly #entries = new Map<string, Pdu>()
  readonly #roomId: string
  #version = '1'

  constructor(roomId: string) {
    this.#roomId = roomId
  }

  take(event: ClientEvent): void {
    if (event.state_key === undefined) return
    if (event.type === 'm.room.create') this.#version = roomVersionOf(event).version
    const pdu = pduFromClientEvent(event, { version: this.#version, roomId: this.#roomId })
    this.#entries.set(JSON.stringify([event.type, event.state_key]), pdu)
  }

  get may() {
    return permissionsOf(BOT, authStateOf(this.#entries.values()))
  }
}

/** What a homeserver answers to /sync, cut down to one room. */
const sync: readonly ClientEvent[] = [
  {
    event_id: '$1',
    type: 'm.room.create',
    sender: '@alice:example.org',
    state_key: '',
    content: { room_version: '11' },
  },
  {
    event_id: '$2',
    type: 'm.room.power_levels',
    sender: '@alice:example.org',
    state_key: '',
    content: { users: { [BOT]: 50 }, kick: 60 },
  },
  { event_id: '$3', type: 'm.room.member', sender: BOT, state_key: BOT, content: { membership: 'join' } },
  {
    event_id: '$4',
    type: 'm.room.member',
    sender: '@eve:evil.org',
    state_key: '@eve:evil.org',
    content: { membership: 'join' },
  },
  { event_id: '$5', type: 'm.room.message', sender: '@eve:evil.org', content: { body: 'Buy!' } },
]

const room = new Room('!room:example.org')
for (const event of sync) {
  room.take(event)
  if (event.type !== 'm.room.message') continue
  for (const [what, verdict] of [
    ['redact', room.may.redact(event)],
    ['kick', room.may.kick(event.sender)],
    ['ban', room.may.ban(event.sender)],
  ] as const) {
    console.log(what, verdict.allowed ? 'yes' : `no: ${verdict.reason}`)
  }
}
