import { type Pdu, trustedPdu } from '@roomserver/events'
import { ForwardExtremities, isAllowedBy, RoomOracle, stateOf } from '@roomserver/simulation'
import { isJsonObject, type JsonObject } from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import type { State } from '@roomserver/testing/reference-resolution'
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
 * What a room is by the specification, as far as a recording tells: the oracle judges the recorded inputs as they came,
 * and where an input builds on events that did not come, by what other servers gave.
 */
export class RoomTruth {
  readonly #known: KnownEvents
  readonly #given: GivenStates
  readonly #roomId: string
  readonly #rules: RoomVersionRules
  readonly #pdus = new Map<string, Pdu>()
  readonly #oracle: RoomOracle
  readonly #accepted = new Set<string>()
  readonly #extremities = new ForwardExtremities()
  readonly #standings: { readonly step: number; readonly standing: Standing }[] = []
  readonly #standingAfter = new Map<string, Standing>()
  #current: State = new Map()

  constructor(roomId: string, rules: RoomVersionRules, known: KnownEvents, given: GivenStates) {
    this.#roomId = roomId
    this.#rules = rules
    this.#known = known
    this.#given = given
    this.#oracle = new RoomOracle(rules, (id) => this.#pdu(id))
  }

  /** @param until - the step until which what came of the input lasted; what other servers gave later does not count */
  ingest(input: JsonObject, step: number, until: number): void {
    const event = isJsonObject(input['event']) ? this.#known.idOf(input['event']) : undefined
    const pdu = event === undefined ? undefined : this.#pdu(event)
    if (pdu === undefined || input['kind'] !== 2 || this.#isPlaced(pdu.eventId)) return
    const isGiven = input['has_state'] === true
    if (!isGiven) this.#fillGap(pdu, until)
    const before = isGiven
      ? completeState(referencesOf(input['state_event_ids']).map((id) => this.#pdu(id)))
      : this.#before(pdu, until)
    if (before === undefined) return
    if (isGiven) this.#extremities.clear()
    this.#place(pdu, before)
    const standing = { state: this.#current, extremities: this.#extremities.ids }
    this.#standings.push({ step, standing })
    this.#standingAfter.set(pdu.eventId, standing)
  }

  /** Where the room stands while a step is replayed. */
  standingAt(step: number): Standing | undefined {
    return this.#standings.findLast((one) => one.step < step)?.standing
  }

  /** The state of the room after an input and the events that came with it. */
  standingAfter(eventId: string): Standing | undefined {
    return this.#standingAfter.get(eventId)
  }

  /** The state after these events, which may be of different branches. */
  stateAfter(ids: readonly string[]): State | undefined {
    return this.#oracle.stateAfter(ids)
  }

  /** The state before an event that other servers gave, or that follows from what they gave before. */
  givenBefore(eventId: string, until: number): State | undefined {
    const given = this.#stateGiven(eventId, until)
    if (given !== undefined) return given
    const past = this.#pdu(eventId)?.prevEvents ?? []
    const states = past.map((id) => this.#oracle.judged(id)?.after ?? this.#afterGiven(id, until))
    const known = states.filter((state) => state !== undefined)
    return past.length === 0 || known.length < past.length ? undefined : this.#oracle.resolve(known)
  }

  /** Whether an event is in the graph, neither rejected nor soft-failed. */
  isAccepted(eventId: string): boolean {
    return this.#accepted.has(eventId)
  }

  /** Whether an event is in the graph and not accepted. */
  isRefused(eventId: string): boolean {
    return this.#isPlaced(eventId) && !this.isAccepted(eventId)
  }

  /** Takes in what lies between the graph and the event, oldest first, as far as it was given. */
  #fillGap(event: Pdu, until: number): void {
    const gap = new Set<Pdu>()
    const add = ({ prevEvents }: Pdu): void => {
      for (const id of prevEvents) {
        const pdu = this.#isPlaced(id) || gap.size > MAX_GAP ? undefined : this.#pdu(id, until)
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
    return given && completeState(given.map(({ id }) => this.#pdu(id)))
  }

  #pdu(id: string, until?: number): Pdu | undefined {
    const event = this.#known.get(id, until)
    if (event === undefined) return undefined
    const pdu = this.#pdus.get(id) ?? trustedPdu(event.json, id, this.#rules)
    this.#pdus.set(id, pdu)
    return pdu
  }

  #isPlaced(eventId: string): boolean {
    return this.#oracle.judged(eventId) !== undefined
  }

  #place(pdu: Pdu, before: State): void {
    const isFirst = this.#extremities.ids.length === 0
    const { isRejected } = this.#oracle.judge(pdu, before)
    const isAccepted = !isRejected && (isFirst || isAllowedBy(this.#current, pdu))
    this.#extremities.add(pdu, isAccepted)
    if (!isAccepted) return
    this.#accepted.add(pdu.eventId)
    this.#current = this.#oracle.stateAfter(this.#extremities.ids) ?? this.#current
  }
}

function withEvent(state: State, pdu: Pdu): State {
  return pdu.stateKey === undefined ? state : stateOf([...state.values(), pdu])
}

function completeState(events: readonly (Pdu | undefined)[]): State | undefined {
  const known = events.filter((pdu) => pdu !== undefined)
  return known.length < events.length ? undefined : stateOf(known)
}
