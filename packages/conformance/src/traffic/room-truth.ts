import { checkAuth } from '@roomserver/auth'
import { type Pdu, trustedPdu } from '@roomserver/events'
import { isJsonObject, type JsonObject } from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import { keyOf, resolveSlowly, type Room, type State } from '@roomserver/testing/reference-resolution'
import type { GivenStates } from './given-states.ts'
import { type KnownEvents, referencesOf } from './known-events.ts'

/** Where a room stands: the forward extremities, and the state after them. */
export interface Standing {
  readonly state: State
  readonly extremities: readonly string[]
}

/** A gap with more events than this is not followed. */
const MAX_GAP = 1000

/**
 * What a room is by the specification, as far as a recording tells: by the slow transcription of the algorithms, from
 * the recorded inputs, and from what other servers gave where an input builds on events that did not come.
 */
export class RoomTruth {
  readonly #known: KnownEvents
  readonly #given: GivenStates
  readonly #roomId: string
  readonly #rules: RoomVersionRules
  readonly #pdus = new Map<string, Pdu>()
  readonly #rejected = new Set<string>()
  readonly #softFailed = new Set<string>()
  readonly #after = new Map<string, State>()
  readonly #extremities = new Set<string>()
  readonly #standings: { readonly step: number; readonly standing: Standing }[] = []
  readonly #standingAfter = new Map<string, Standing>()
  #current: State = new Map()

  readonly #room: Room = {
    event: (id) => this.#pdu(id),
    isRejected: (id) => this.#rejected.has(id),
    chain: 'production',
  }

  constructor(roomId: string, rules: RoomVersionRules, known: KnownEvents, given: GivenStates) {
    this.#roomId = roomId
    this.#rules = rules
    this.#known = known
    this.#given = given
  }

  /** @param until - the step until which what came of the input lasted; what other servers gave later does not count */
  ingest(input: JsonObject, step: number, until: number): void {
    const event = isJsonObject(input['event']) ? this.#known.idOf(input['event']) : undefined
    const pdu = event === undefined ? undefined : this.#pdu(event)
    if (pdu === undefined || input['kind'] !== 2 || this.#after.has(pdu.eventId)) return
    const isGiven = input['has_state'] === true
    if (!isGiven) this.#fillGap(pdu, until)
    const before = isGiven
      ? stateOf(referencesOf(input['state_event_ids']).map((id) => this.#pdu(id)))
      : this.#before(pdu, until)
    if (before === undefined) return
    if (isGiven) this.#extremities.clear()
    this.#place(pdu, before)
    const standing = { state: this.#current, extremities: [...this.#extremities] }
    this.#standings.push({ step, standing })
    this.#standingAfter.set(pdu.eventId, standing)
  }

  /** Where the room stands while a step is replayed. */
  standingAt(step: number): Standing | undefined {
    return this.#standings.findLast((one) => one.step < step)?.standing
  }

  /** Where the room stands after an input was taken in, with what it brought along. */
  standingAfter(eventId: string): Standing | undefined {
    return this.#standingAfter.get(eventId)
  }

  /** The state after these events, which may be of different branches. */
  stateAfter(ids: readonly string[]): State | undefined {
    const states = ids.map((id) => this.#after.get(id))
    const known = states.filter((state) => state !== undefined)
    return known.length < states.length ? undefined : this.#resolve(known)
  }

  /** The state before an event that other servers gave, or that follows from what they gave before. */
  givenBefore(eventId: string, until: number): State | undefined {
    const given = this.#stateGiven(eventId, until)
    if (given !== undefined) return given
    const past = this.#pdu(eventId)?.prevEvents ?? []
    const states = past.map((id) => this.#after.get(id) ?? this.#afterGiven(id, until))
    const known = states.filter((state) => state !== undefined)
    return past.length === 0 || known.length < past.length ? undefined : this.#resolve(known)
  }

  /** Whether an event is in the graph, neither rejected nor soft-failed. */
  isAccepted(eventId: string): boolean {
    return this.#after.has(eventId) && !this.#rejected.has(eventId) && !this.#softFailed.has(eventId)
  }

  /** Whether an event is in the graph and not accepted. */
  isRefused(eventId: string): boolean {
    return this.#after.has(eventId) && !this.isAccepted(eventId)
  }

  /** Takes in what lies between the graph and the event, oldest first, as far as it was given. */
  #fillGap(event: Pdu, until: number): void {
    const gap = new Set<Pdu>()
    const add = ({ prevEvents }: Pdu): void => {
      for (const id of prevEvents) {
        const pdu = this.#after.has(id) || gap.size > MAX_GAP ? undefined : this.#pdu(id, until)
        if (pdu !== undefined) gap.add(pdu)
      }
    }
    add(event)
    for (const pdu of gap) add(pdu)
    const waiting = new Set(gap)
    const isReady = (pdu: Pdu) =>
      pdu.prevEvents.every((id) => ![...waiting].some((one) => one.eventId === id))
    while (waiting.size > 0) {
      const next = [...waiting].filter(isReady)
      if (next.length === 0) return
      for (const pdu of next) {
        waiting.delete(pdu)
        const before = this.#before(pdu, until)
        if (before !== undefined) this.#place(pdu, before)
      }
    }
  }

  #before(pdu: Pdu, until: number): State | undefined {
    if (pdu.prevEvents.length === 0) return pdu.type === 'm.room.create' ? new Map() : undefined
    return this.stateAfter(pdu.prevEvents) ?? this.givenBefore(pdu.eventId, until)
  }

  #afterGiven(eventId: string, until: number): State | undefined {
    const before = this.#stateGiven(eventId, until)
    const pdu = this.#pdu(eventId, until)
    return before === undefined || pdu === undefined ? undefined : withEvent(before, pdu)
  }

  #stateGiven(eventId: string, until: number): State | undefined {
    const given = this.#given.before(this.#roomId, eventId, until)
    return given && stateOf(given.map(({ id }) => this.#pdu(id)))
  }

  #pdu(id: string, until?: number): Pdu | undefined {
    const event = this.#known.get(id, until)
    if (event === undefined) return undefined
    const pdu = this.#pdus.get(id) ?? trustedPdu(event.json, id, this.#rules)
    this.#pdus.set(id, pdu)
    return pdu
  }

  #place(pdu: Pdu, before: State): void {
    const isFirst = this.#extremities.size === 0
    const allowed = isAllowedBy(pdu, before)
    if (!allowed) this.#rejected.add(pdu.eventId)
    this.#after.set(pdu.eventId, allowed ? withEvent(before, pdu) : before)
    if (allowed && !isFirst && !isAllowedBy(pdu, this.#current)) this.#softFailed.add(pdu.eventId)
    if (!this.isAccepted(pdu.eventId)) return
    this.#buildOn(pdu)
    this.#extremities.add(pdu.eventId)
    this.#current = this.#resolve([...this.#extremities].map((id) => this.#after.get(id) ?? new Map()))
  }

  /** What an event builds on is no extremity any more, also by way of events that were not accepted. */
  #buildOn(pdu: Pdu): void {
    const past = new Set([pdu])
    for (const { prevEvents } of past) {
      for (const id of prevEvents) {
        this.#extremities.delete(id)
        const before = this.isRefused(id) ? this.#pdu(id) : undefined
        if (before !== undefined) past.add(before)
      }
    }
  }

  #resolve(states: readonly State[]): State {
    const [first] = states
    if (first === undefined) return new Map()
    return states.length === 1 ? first : resolveSlowly(states, this.#rules, this.#room)
  }
}

function withEvent(state: State, pdu: Pdu): State {
  return pdu.stateKey === undefined ? state : new Map([...state, [keyOf(pdu.type, pdu.stateKey), pdu]])
}

function stateOf(events: readonly (Pdu | undefined)[]): State | undefined {
  const known = events.filter((pdu) => pdu !== undefined)
  return known.length < events.length
    ? undefined
    : new Map(known.map((pdu) => [keyOf(pdu.type, pdu.stateKey ?? ''), pdu]))
}

function isAllowedBy(pdu: Pdu, state: State): boolean {
  return checkAuth(pdu, { get: (type, stateKey) => state.get(keyOf(type, stateKey)) }).allowed
}
