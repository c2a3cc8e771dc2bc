import { filled, InputKind, InputRoomEvent, type RoomserverApi } from '@roomserver/api'
import { buildEvent, eventRef, type Pdu, type SigningKey } from '@roomserver/events'
import type { JsonObject } from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'

/** What a member says; what the graph needs is filled in. */
interface EventTemplate {
  readonly type: string
  readonly sender: string
  /** Left out: no state event. */
  readonly stateKey?: string
  readonly content: JsonObject
  /** Left out: the forward extremities of the room. */
  readonly after?: readonly Pdu[]
}

/** A room that nobody needs. Its events are made, hashed and signed, and given to a room server, as real ones are. */
export class PracticeRoom {
  readonly #rooms: RoomserverApi
  readonly #rules: RoomVersionRules
  readonly #key: SigningKey
  readonly #roomId: string
  readonly #owner: string
  readonly #state = new Map<string, Pdu>()
  #extremities: readonly Pdu[] = []

  constructor(rooms: RoomserverApi, rules: RoomVersionRules, key: SigningKey, number: number) {
    this.#rooms = rooms
    this.#rules = rules
    this.#key = key
    this.#roomId = `!practice${number}:${key.server}`
    this.#owner = this.member('owner')
  }

  /** A user's ID. */
  member(name: string): string {
    return `@${name}:${this.#key.server}`
  }

  async create(): Promise<void> {
    const owner = this.#owner
    await this.#setState('m.room.create', { creator: owner, room_version: this.#rules.version })
    await this.join(owner)
    await this.#setState('m.room.power_levels', { users: { [owner]: 100 } })
    await this.#setState('m.room.join_rules', { join_rule: 'public' })
    await this.#setState('m.room.history_visibility', { history_visibility: 'shared' })
  }

  async join(user: string): Promise<void> {
    await this.#send({ type: 'm.room.member', sender: user, stateKey: user, content: { membership: 'join' } })
  }

  async message(body: string): Promise<void> {
    await this.#send({ type: 'm.room.message', sender: this.#owner, content: { msgtype: 'm.text', body } })
  }

  /** Topics that know nothing of each other, and a message that comes after all of them. */
  async fork(topics: readonly string[]): Promise<void> {
    const after = this.#extremities
    const tips: Pdu[] = []
    for (const topic of topics) tips.push(await this.#setState('m.room.topic', { topic }, after))
    this.#extremities = tips
    await this.message('merged')
  }

  /** Asks what is asked most: a few entries of the state. */
  async askForEntries(): Promise<void> {
    const tuples = [
      ['m.room.create', ''],
      ['m.room.power_levels', ''],
      ['m.room.member', this.#owner],
    ]
    const room = {
      room_id: this.#roomId,
      state_to_fetch: tuples.map(([EventType = '', StateKey = '']) => ({ EventType, StateKey })),
    }
    await this.#rooms.queryLatestEventsAndState(room)
    await this.#rooms.queryStateAfterEvents({ ...room, prev_event_ids: this.#endIds })
  }

  /** Asks for all of the state. */
  async askForAll(): Promise<void> {
    const room = { room_id: this.#roomId }
    const prev = { ...room, prev_event_ids: this.#endIds, auth_event_ids: [] }
    await this.#rooms.queryLatestEventsAndState({ ...room, state_to_fetch: [] })
    await this.#rooms.queryMembershipsForRoom({ ...room, joined_only: true, local_only: false, sender: '' })
    await this.#rooms.queryStateAndAuthChain({ ...prev, only_fetch_auth_chain: false, resolve_state: false })
  }

  get #endIds(): string[] {
    return this.#extremities.map(({ eventId }) => eventId)
  }

  #setState(type: string, content: JsonObject, after = this.#extremities): Promise<Pdu> {
    return this.#send({ type, sender: this.#owner, stateKey: '', content, after })
  }

  async #send(template: EventTemplate): Promise<Pdu> {
    const event = await this.#build(template)
    this.#extremities = [event]
    if (event.stateKey !== undefined) this.#state.set(`${event.type} ${event.stateKey}`, event)
    await this.#give(event)
    return event
  }

  async #build({ after = this.#extremities, ...event }: EventTemplate): Promise<Pdu> {
    const referenced = ['m.room.create ', 'm.room.power_levels ', `m.room.member ${event.sender}`]
    if (event.type === 'm.room.member') referenced.push('m.room.join_rules ')
    const draft = {
      ...event,
      roomId: this.#roomId,
      prevEvents: after.map(eventRef),
      authEvents: referenced.flatMap((key) => this.#state.get(key) ?? []).map(eventRef),
      depth: Math.max(0, ...after.map(({ depth }) => depth)) + 1,
      originServerTs: START_TS,
    }
    const built = await buildEvent(draft, this.#rules, this.#key)
    if (!built.ok) throw new TypeError(`invalid event: ${built.reason}`)
    return built.pdu
  }

  async #give({ eventId, json }: Pdu): Promise<void> {
    const { server } = this.#key
    const input = filled(InputRoomEvent, {
      kind: InputKind.new,
      event: { roomVersion: this.#rules.version, eventId, json },
      origin: server,
      send_as_server: server,
    })
    const request = { input_room_events: [input], async: false }
    const { ErrMsg } = await this.#rooms.inputRoomEvents(request)
    if (ErrMsg !== '') throw new TypeError(`an event was not accepted: ${ErrMsg}`)
  }
}

const START_TS = 1_700_000_000_000
