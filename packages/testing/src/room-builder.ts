import { buildEvent, type EventDraft, eventRef, type Pdu, type SigningKey } from '@roomserver/events'
import { type JsonObject, serverOf } from '@roomserver/types'
import { roomVersion, type RoomVersionRules } from '@roomserver/version'
import { SharedState } from './shared-state.ts'

/** What a test says about an event; the rest is filled in. */
export interface TestEvent {
  readonly type: string
  readonly sender: string
  /** Left out: no state event. */
  readonly stateKey?: string
  readonly content?: JsonObject
  readonly redacts?: string
  /** Left out: the forward extremities of the room as built so far. */
  readonly prev?: readonly Pdu[]
  /** Left out: those that the rules select from the state after `prev`. */
  readonly auth?: readonly Pdu[]
  /** Left out: one more than the greatest of `prev`. */
  readonly depth?: number
  readonly originServerTs?: number
}

type State = SharedState<Pdu>

const NO_STATE: State = new SharedState()

const START_TS = 1_700_000_000_000
const ROLES = [
  ['m.room.create', ''],
  ['m.room.power_levels', ''],
] as const

/**
 * Builds rooms for tests: fills in prev events, auth events, depth, hashes and signatures, and keeps the ends of the
 * graph. Everything is made up from the inputs alone, so that a test gives the same events each time.
 */
export class RoomBuilder {
  readonly rules: RoomVersionRules
  readonly creator: string
  /** Every event built, in order. */
  readonly events: Pdu[] = []
  readonly #key: SigningKey
  readonly #after = new Map<string, State>()
  #roomId: string | undefined
  #extremities: readonly Pdu[] = []

  private constructor(rules: RoomVersionRules, creator: string, roomId: string) {
    this.rules = rules
    this.creator = creator
    this.#roomId = rules.roomId === 'create-hash' ? undefined : roomId
    this.#key = { server: serverOf(creator) ?? '', keyId: 'ed25519:test', seed: 'A'.repeat(43) }
  }

  /** A room with nothing in it. */
  static empty({ version = '10', creator = '@alice:a', roomId = '!room:a' } = {}): RoomBuilder {
    const rules = roomVersion(version)
    if (rules === undefined) throw new TypeError(`no room version ${version}`)
    return new RoomBuilder(rules, creator, roomId)
  }

  /** A room as clients make it: create event, its creator joined, power levels, join rule. */
  static async create(
    options: { version?: string; creator?: string; roomId?: string; joinRule?: string } = {},
  ): Promise<RoomBuilder> {
    const room = RoomBuilder.empty(options)
    await room.addCreate()
    await room.join(room.creator)
    const users = room.rules.auth.creatorsOutrankAll ? {} : { [room.creator]: 100 }
    await room.state('m.room.power_levels', '', { users })
    await room.state('m.room.join_rules', '', { join_rule: options.joinRule ?? 'public' })
    return room
  }

  get roomId(): string {
    if (this.#roomId === undefined) throw new TypeError('the room has no create event yet')
    return this.#roomId
  }

  /** The forward extremities: events that nothing was built upon yet. */
  get extremities(): readonly Pdu[] {
    return this.#extremities
  }

  async addCreate(content: JsonObject = {}): Promise<Pdu> {
    const { creator, rules } = this
    const own = rules.auth.creator === 'content' ? { creator } : {}
    const version = rules.version === '1' ? {} : { room_version: rules.version }
    const create = await this.add({
      type: 'm.room.create',
      sender: creator,
      stateKey: '',
      content: { ...own, ...version, ...content },
    })
    this.#roomId = create.roomId
    return create
  }

  /** A membership event of a user about themselves. */
  join(user: string, at: Partial<TestEvent> = {}): Promise<Pdu> {
    return this.member(user, user, 'join', at)
  }

  member(sender: string, user: string, membership: string, at: Partial<TestEvent> = {}): Promise<Pdu> {
    return this.add({ type: 'm.room.member', sender, stateKey: user, content: { membership }, ...at })
  }

  /** A state event; of the creator unless said otherwise. */
  state(type: string, stateKey: string, content: JsonObject, at: Partial<TestEvent> = {}): Promise<Pdu> {
    return this.add({ type, sender: this.creator, stateKey, content, ...at })
  }

  message(body: string, at: Partial<TestEvent> = {}): Promise<Pdu> {
    const content = { body, msgtype: 'm.text' }
    return this.add({ type: 'm.room.message', sender: this.creator, content, ...at })
  }

  redact(target: Pdu, at: Partial<TestEvent> = {}): Promise<Pdu> {
    return this.add({ type: 'm.room.redaction', sender: this.creator, redacts: target.eventId, ...at })
  }

  /** Builds any event and puts it at the end of the graph. */
  async add(event: TestEvent): Promise<Pdu> {
    const prev = event.prev ?? this.#extremities
    const before = this.#stateAfter(prev)
    const number = this.events.length + 1
    const draft: EventDraft = {
      roomId: this.#roomId,
      ...(this.rules.eventId === 'domain' && { eventId: `$event${number}:${this.#key.server}` }),
      type: event.type,
      sender: event.sender,
      ...(event.stateKey !== undefined && { stateKey: event.stateKey }),
      content: event.content ?? {},
      ...(event.redacts !== undefined && { redacts: event.redacts }),
      prevEvents: prev.map(eventRef),
      authEvents: (event.auth ?? this.#authEventsOf(event, before)).map(eventRef),
      depth: event.depth ?? Math.max(0, ...prev.map((pdu) => pdu.depth)) + 1,
      originServerTs: event.originServerTs ?? START_TS + number * 1000,
    }
    const built = await buildEvent(draft, this.rules, { ...this.#key, server: serverOf(event.sender) ?? '' })
    if (!built.ok) throw new TypeError(`invalid event: ${built.reason}`)
    this.#take(built.pdu, prev, before)
    return built.pdu
  }

  #take(pdu: Pdu, prev: readonly Pdu[], before: State): void {
    const { stateKey } = pdu
    const after = stateKey === undefined ? before : before.with(keyOf(pdu.type, stateKey), pdu)
    this.#after.set(pdu.eventId, after)
    this.events.push(pdu)
    this.#extremities = [...this.#extremities.filter((extremity) => !prev.includes(extremity)), pdu]
  }

  /** The state after some events; where they differ, the one named last counts (good enough to select auth events). */
  #stateAfter(prev: readonly Pdu[]): State {
    const [first = NO_STATE, ...others] = prev.map((pdu) => this.#after.get(pdu.eventId) ?? NO_STATE)
    return others.reduce((state, other) => state.and(other), first)
  }

  #authEventsOf({ type, sender, stateKey, content }: TestEvent, state: State): readonly Pdu[] {
    if (type === 'm.room.create') return []
    const wanted: (readonly [string, string])[] = [...ROLES, ['m.room.member', sender]]
    const membership = content?.['membership']
    if (type === 'm.room.member' && stateKey !== undefined) {
      if (stateKey !== sender) wanted.push(['m.room.member', stateKey])
      if (membership !== 'leave' && membership !== 'ban') wanted.push(['m.room.join_rules', ''])
    }
    const skipsCreate = this.rules.roomId === 'create-hash'
    return wanted
      .filter(([wantedType]) => !(skipsCreate && wantedType === 'm.room.create'))
      .map(([wantedType, key]) => state.get(keyOf(wantedType, key)))
      .filter((pdu) => pdu !== undefined)
  }
}

function keyOf(type: string, stateKey: string): string {
  return JSON.stringify([type, stateKey])
}
