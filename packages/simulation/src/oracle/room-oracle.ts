import { authStateOf, checkAuth, checkAuthEvents } from '@roomserver/auth'
import type { Pdu } from '@roomserver/events'
import type { EventId } from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import {
  createByRoomId,
  keyOf,
  resolveSlowly,
  type Room,
  type State,
} from '@roomserver/testing/reference-resolution'
import { ForwardExtremities } from './forward-extremities.ts'

/** What the specification says about one event of a room. */
export interface Judgement {
  readonly pdu: Pdu
  readonly isRejected: boolean
  readonly before: State
  readonly after: State
}

/**
 * A room as derived from its events alone, as specified: what the simulation, the crash runs
 * and the recorded traffic hold a server against. Of the code that it checks it shares the authorization rules, which
 * are pure; states are resolved by the slow twin, and nothing is stored, shared or left out for speed.
 */
export class RoomOracle {
  readonly #rules: RoomVersionRules
  readonly #room: Room
  readonly #judged = new Map<EventId, Judgement>()

  /** @param event - finds a known event of the room, evaluated or not: others may refer to it */
  constructor(rules: RoomVersionRules, event: (id: EventId) => Pdu | undefined) {
    this.#rules = rules
    this.#room = { event, isRejected: (id) => this.judged(id)?.isRejected ?? false, chain: 'as-deployed' }
  }

  /** All evaluated events, predecessors first. */
  get all(): Iterable<Judgement> {
    return this.#judged.values()
  }

  /** `undefined`: it was not evaluated. */
  judged(id: EventId): Judgement | undefined {
    return this.#judged.get(id)
  }

  /**
   * Evaluates an event: by its auth events, and by the state before it. If not all of its references are known, as
   * in recordings, the state alone decides.
   */
  judge(pdu: Pdu, before: State): Judgement {
    const isRejected = !this.#isAllowedByCitations(pdu) || !isAllowedBy(before, pdu)
    const changes = pdu.stateKey !== undefined && !isRejected
    const after = changes ? new Map(before).set(keyOf(pdu.type, pdu.stateKey ?? ''), pdu) : before
    const judgement = { pdu, isRejected, before, after }
    this.#judged.set(pdu.eventId, judgement)
    return judgement
  }

  /**
   * The state before an event: after all of its prev events, resolved. `undefined` if some were not evaluated.
   *
   * @param remote - the state that stands in for prev events that are not known
   */
  stateBefore({ prevEvents }: Pdu, remote?: State): State | undefined {
    if (remote === undefined) return this.stateAfter(prevEvents)
    return this.resolve([...this.#statesAfter(prevEvents), remote])
  }

  /** The state after some events, which may be of different branches; `undefined` if some were not evaluated. */
  stateAfter(ids: readonly EventId[]): State | undefined {
    const known = this.#statesAfter(ids)
    return known.length < ids.length ? undefined : this.resolve(known)
  }

  /** What becomes of the states of several branches. */
  resolve(states: readonly State[]): State {
    const known = states.filter((state) => state.size > 0)
    const different = new Map(known.map((state) => [idsOf(state).join(' '), state]))
    const [only] = different.values()
    if (different.size <= 1) return only ?? new Map<string, Pdu>()
    return resolveSlowly([...different.values()], this.#rules, this.#room)
  }

  /** The events that one builds upon, directly or not. */
  ancestors(id: EventId): ReadonlySet<EventId> {
    const found = new Set(this.#room.event(id)?.prevEvents)
    for (const one of found) for (const older of this.#room.event(one)?.prevEvents ?? []) found.add(older)
    return found
  }

  /** The forward extremities of all evaluated events. */
  forwardExtremities(isAccepted: (judgement: Judgement) => boolean): readonly EventId[] {
    const extremities = new ForwardExtremities()
    for (const judgement of this.all) extremities.add(judgement.pdu, isAccepted(judgement))
    return extremities.ids
  }

  #isAllowedByCitations(pdu: Pdu): boolean {
    // "Every event graph has a single root event with no parent."
    if (pdu.prevEvents.length === 0 && pdu.type !== 'm.room.create') return false
    const { event, isRejected } = this.#room
    const create = pdu.rules.roomId === 'create-hash' ? [createByRoomId(pdu, this.#room)] : []
    const referenced = [...create, ...pdu.authEvents.map(event)]
    const known = referenced.filter((one) => one !== undefined)
    if (known.length < referenced.length) return true
    return (
      checkAuthEvents(pdu, { get: event, isRejected }).allowed && checkAuth(pdu, authStateOf(known)).allowed
    )
  }

  #statesAfter(ids: readonly EventId[]): readonly State[] {
    return ids.map((id) => this.judged(id)?.after).filter((state) => state !== undefined)
  }
}

/** Whether the authorization rules allow an event in a state. */
export function isAllowedBy(state: State, pdu: Pdu): boolean {
  return checkAuth(pdu, { get: (type, stateKey) => state.get(keyOf(type, stateKey)) }).allowed
}

/** The events of a state, sorted. */
export function idsOf(state: State | undefined): readonly EventId[] {
  return [...(state?.values() ?? [])].map((event) => event.eventId).toSorted()
}

/** A state of these events; the later of two with the same key counts. */
export function stateOf(events: Iterable<Pdu>): State {
  return new Map([...events].map((pdu) => [keyOf(pdu.type, pdu.stateKey ?? ''), pdu]))
}
