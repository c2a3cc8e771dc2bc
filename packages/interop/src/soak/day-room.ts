import { InputKind } from '@roomserver/api'
import { buildEvent, headeredJson, type Pdu } from '@roomserver/events'
import { type EventId, type JsonObject, type RoomId, serverOf, type UserId } from '@roomserver/types'
import { roomVersion } from '@roomserver/version'

const VERSION = '10'
const SIGNING = { keyId: 'ed25519:soak', seed: 'A'.repeat(43) }

/** An event that somebody wants in the room. */
export interface Wanted {
  readonly type: string
  readonly sender: UserId
  readonly stateKey?: string
  readonly content: JsonObject
  /** Left out: what the room ends with. */
  readonly prev?: readonly EventId[]
}

/** How far a room has come, as much of it as the next event needs. */
export interface RoomEnd {
  readonly extremities: readonly EventId[]
  /** Of the latest event. */
  readonly depth: number
  readonly state: readonly {
    readonly type: string
    readonly stateKey: string
    readonly eventId: EventId
  }[]
}

/** A room of real hashed and signed events. It keeps no more than what the next event needs. */
export class DayRoom {
  readonly roomId: RoomId
  readonly owner: UserId
  readonly members: UserId[] = []
  readonly #joined = new Set<UserId>()
  readonly #server: string
  readonly #state = new Map<string, EventId>()
  #extremities: readonly EventId[] = []
  #depth = 0
  #now: number

  /** @param end - where a room goes on that is there already; left out: it begins */
  constructor(name: string, server: string, now: number, end?: RoomEnd) {
    this.roomId = `!${name}:${server}`
    this.owner = `@owner:${server}`
    this.#server = server
    this.#now = now
    if (end === undefined) return
    this.#extremities = end.extremities
    this.#depth = end.depth
    for (const { eventId, stateKey, type } of end.state) this.#state.set(placeOf(type, stateKey), eventId)
  }

  get extremities(): readonly EventId[] {
    return this.#extremities
  }

  /** The events that make a public room with its owner in it. */
  async begin(): Promise<readonly Pdu[]> {
    const send = (type: string, content: JsonObject) =>
      this.add({ type, sender: this.owner, stateKey: '', content })
    return [
      await send('m.room.create', { creator: this.owner, room_version: VERSION }),
      await this.join(this.owner),
      await send('m.room.power_levels', { users: { [this.owner]: 100 } }),
      await send('m.room.join_rules', { join_rule: 'public' }),
      await send('m.room.history_visibility', { history_visibility: 'shared' }),
    ]
  }

  join(user: UserId, displayname: string = user): Promise<Pdu> {
    if (!this.#joined.has(user)) this.members.push(user)
    this.#joined.add(user)
    const content = { membership: 'join', displayname }
    return this.add({ type: 'm.room.member', sender: user, stateKey: user, content })
  }

  leave(user: UserId): Promise<Pdu> {
    this.members.splice(this.members.indexOf(user), 1)
    this.#joined.delete(user)
    return this.add({ type: 'm.room.member', sender: user, stateKey: user, content: { membership: 'leave' } })
  }

  topic(topic: string, prev: readonly EventId[] = this.#extremities): Promise<Pdu> {
    return this.add({ type: 'm.room.topic', sender: this.owner, stateKey: '', content: { topic }, prev })
  }

  message(sender: UserId, body: string): Promise<Pdu> {
    return this.add({ type: 'm.room.message', sender, content: { msgtype: 'm.text', body } })
  }

  /** Makes the next event build on these. */
  endWith(events: readonly Pdu[]): void {
    this.#extremities = events.map(({ eventId }) => eventId)
  }

  /** Builds an event, and goes on from it. @throws {TypeError} when it is not one that a room may hold */
  async add({ type, sender, stateKey, content, prev = this.#extremities }: Wanted): Promise<Pdu> {
    const rules = roomVersion(VERSION)
    if (rules === undefined) throw new TypeError(`no room version ${VERSION}`)
    const built = await buildEvent(
      {
        roomId: this.roomId,
        type,
        sender,
        ...(stateKey !== undefined && { stateKey }),
        content,
        prevEvents: prev.map((eventId) => ({ eventId })),
        authEvents: this.#authEvents(type, sender, content),
        depth: ++this.#depth,
        originServerTs: ++this.#now,
        origin: this.#server,
      },
      rules,
      { ...SIGNING, server: serverOf(sender) ?? this.#server },
    )
    if (!built.ok) throw new TypeError(`not a valid event: ${built.reason}`)
    const { pdu } = built
    this.#extremities = [pdu.eventId]
    if (stateKey !== undefined) this.#state.set(placeOf(type, stateKey), pdu.eventId)
    return pdu
  }

  #authEvents(type: string, sender: UserId, content: JsonObject): readonly { readonly eventId: EventId }[] {
    if (type === 'm.room.create') return []
    const wanted = [
      ['m.room.create', ''],
      ['m.room.power_levels', ''],
      ['m.room.member', sender],
    ]
    if (content['membership'] === 'join') wanted.push(['m.room.join_rules', ''])
    return wanted.flatMap(([of = '', key = '']) => {
      const eventId = this.#state.get(placeOf(of, key))
      return eventId === undefined ? [] : [{ eventId }]
    })
  }
}

function placeOf(type: string, stateKey: string): string {
  return JSON.stringify([type, stateKey])
}

/** A request that gives these events to the room server. */
export function inputRequest(events: readonly Pdu[], server: string): string {
  const rest = {
    origin: server,
    has_state: false,
    state_event_ids: null,
    send_as_server: server,
    transaction_id: null,
  }
  const inputs = events.map(
    (event) => `{"kind":${InputKind.new},"event":${headeredJson(event)},${JSON.stringify(rest).slice(1)}`,
  )
  return `{"input_room_events":[${inputs.join(',')}],"async":false}`
}
