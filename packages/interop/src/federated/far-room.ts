import { buildEvent, type Pdu } from '@roomserver/events'
import { type EventId, type JsonObject, type RoomId, serverOf, type UserId } from '@roomserver/types'
import { roomVersion } from '@roomserver/version'
import { FAR, SIGNING } from './names.ts'

const VERSION = '10'
const OWNER = `@owner:${FAR}`
const START_TS = 1_700_000_000_000

/** What somebody says in the room. */
interface Said {
  readonly type: string
  readonly sender: UserId
  readonly stateKey?: string
  readonly content: JsonObject
}

/** A room on another server, of real hashed and signed events that follow each other. Grows with what is said in it. */
export class FarRoom {
  readonly roomId: RoomId
  /** All events, oldest first. */
  readonly events: Pdu[] = []
  readonly #places = new Map<EventId, number>()
  readonly #state = new Map<string, Pdu>()

  private constructor(roomId: RoomId) {
    this.roomId = roomId
  }

  /** A public room with its owner in it. */
  static async create(name: string): Promise<FarRoom> {
    const room = new FarRoom(`!${name}:${FAR}`)
    await room.ownerSays('m.room.create', { creator: OWNER, room_version: VERSION })
    await room.join(OWNER)
    await room.ownerSays('m.room.power_levels', { users: { [OWNER]: 100 } })
    await room.ownerSays('m.room.join_rules', { join_rule: 'public' })
    await room.ownerSays('m.room.history_visibility', { history_visibility: 'shared' })
    return room
  }

  join(user: UserId): Promise<Pdu> {
    const content = { membership: 'join', displayname: user }
    return this.#send({ type: 'm.room.member', sender: user, stateKey: user, content })
  }

  ownerSays(type: string, content: JsonObject): Promise<Pdu> {
    return this.#send({ type, sender: OWNER, stateKey: '', content })
  }

  message(body: string): Promise<Pdu> {
    return this.#send({ type: 'm.room.message', sender: OWNER, content: { msgtype: 'm.text', body } })
  }

  event(id: EventId): Pdu | undefined {
    return this.events[this.#places.get(id) ?? -1]
  }

  /** Events before some, back to others, the latest of them. */
  between(earliest: readonly EventId[], latest: readonly EventId[], limit: number): readonly Pdu[] {
    const until = Math.min(...latest.map((id) => this.#places.get(id) ?? 0))
    const from = Math.max(0, ...earliest.map((id) => (this.#places.get(id) ?? -1) + 1))
    return this.events.slice(Math.max(from, until - limit), until)
  }

  stateBefore(id: EventId): readonly Pdu[] {
    const state = new Map<string, Pdu>()
    for (const event of this.events.slice(0, this.#places.get(id) ?? 0)) {
      if (event.stateKey !== undefined) state.set(placeOf(event.type, event.stateKey), event)
    }
    return [...state.values()]
  }

  authChain(of: readonly Pdu[]): readonly Pdu[] {
    const chain = new Map<EventId, Pdu>()
    let layer = of
    while (layer.length > 0) {
      const ids = new Set(layer.flatMap(({ authEvents }) => authEvents))
      layer = [...ids].filter((id) => !chain.has(id)).flatMap((id) => this.event(id) ?? [])
      for (const event of layer) chain.set(event.eventId, event)
    }
    return [...chain.values()]
  }

  async #send({ type, sender, stateKey, content }: Said): Promise<Pdu> {
    const rules = roomVersion(VERSION)
    if (rules === undefined) throw new TypeError(`no room version ${VERSION}`)
    const latest = this.events.at(-1)
    const built = await buildEvent(
      {
        roomId: this.roomId,
        type,
        sender,
        ...(stateKey !== undefined && { stateKey }),
        content,
        prevEvents: latest === undefined ? [] : [{ eventId: latest.eventId }],
        authEvents: this.#authEvents(type, sender).map(({ eventId }) => ({ eventId })),
        depth: this.events.length + 1,
        originServerTs: START_TS + this.events.length,
        origin: serverOf(sender),
      },
      rules,
      { ...SIGNING, server: serverOf(sender) ?? '' },
    )
    if (!built.ok) throw new TypeError(`invalid event: ${built.reason}`)
    const { pdu } = built
    this.#places.set(pdu.eventId, this.events.length)
    this.events.push(pdu)
    if (stateKey !== undefined) this.#state.set(placeOf(type, stateKey), pdu)
    return pdu
  }

  #authEvents(type: string, sender: UserId): readonly Pdu[] {
    if (type === 'm.room.create') return []
    const wanted = [
      ['m.room.create', ''],
      ['m.room.power_levels', ''],
      ['m.room.member', sender],
    ]
    if (type === 'm.room.member') wanted.push(['m.room.join_rules', ''])
    return wanted.flatMap(([of = '', key = '']) => this.#state.get(placeOf(of, key)) ?? [])
  }
}

function placeOf(type: string, stateKey: string): string {
  return JSON.stringify([type, stateKey])
}
