import { authStateOf, checkAuth, checkAuthEvents } from '@roomserver/auth'
import type { Pdu } from '@roomserver/events'
import type { RoomVersionRules } from '@roomserver/version'
import {
  createByRoomId,
  keyOf,
  resolveSlowly,
  type Room,
  type State,
} from '@roomserver/testing/reference-resolution'

/** What the rules say about an event, judged from the full history. */
export interface Judged {
  readonly pdu: Pdu
  readonly isRejected: boolean
  readonly before: State
  readonly after: State
}

/** A room judged by the slow twins of everything, from all events that any honest server has in its graph. */
export class ReferenceRoom {
  readonly #rules: RoomVersionRules
  readonly #events = new Map<string, Pdu>()
  readonly #judged = new Map<string, Judged>()
  readonly #remote: ReadonlyMap<string, readonly string[]>
  readonly #room: Room

  /** @param remote - the state that stands in for prev events which do not exist, by the event that names them */
  constructor(
    rules: RoomVersionRules,
    events: Iterable<Pdu>,
    remote: ReadonlyMap<string, readonly string[]> = new Map(),
  ) {
    this.#rules = rules
    this.#remote = remote
    for (const event of events) this.#events.set(event.eventId, event)
    this.#room = {
      event: (id) => this.#events.get(id),
      isRejected: (id) => this.#judged.get(id)?.isRejected ?? false,
      chain: 'production',
    }
    this.#judgeAll()
  }

  /** All that could be judged, none before what it builds upon. */
  get all(): Iterable<Judged> {
    return this.#judged.values()
  }

  /** `undefined`: something that it builds upon is nowhere. */
  judged(eventId: string): Judged | undefined {
    return this.#judged.get(eventId)
  }

  /** The state after some events. */
  stateAfter(eventIds: readonly string[]): State | undefined {
    const states = eventIds.map((id) => this.#judged.get(id)?.after)
    const known = states.filter((state) => state !== undefined)
    return known.length < states.length ? undefined : this.#resolve(known)
  }

  /** The events that one builds upon, directly or not. */
  ancestors(eventId: string): ReadonlySet<string> {
    const found = new Set(this.#events.get(eventId)?.prevEvents)
    for (const id of found) for (const older of this.#events.get(id)?.prevEvents ?? []) found.add(older)
    return found
  }

  #judgeAll(): void {
    let left = [...this.#events.values()]
    for (;;) {
      const ready = left.filter((event) => this.#isReady(event))
      if (ready.length === 0) return
      for (const event of ready) this.#judged.set(event.eventId, this.#judge(event))
      left = left.filter((event) => !this.#judged.has(event.eventId))
    }
  }

  #isReady({ eventId, prevEvents, authEvents }: Pdu): boolean {
    const remote = this.#remote.get(eventId)
    const prev = remote === undefined ? prevEvents : prevEvents.filter((id) => this.#events.has(id))
    return [...prev, ...authEvents, ...(remote ?? [])].every((id) => this.#judged.has(id))
  }

  #judge(pdu: Pdu): Judged {
    const known = pdu.prevEvents.flatMap((id) => {
      const state = this.#judged.get(id)?.after
      return state === undefined ? [] : [state]
    })
    const before = this.#resolve([...known, ...this.#remoteState(pdu)])
    const isRejected = !this.#isAllowed(pdu, before)
    const changes = pdu.stateKey !== undefined && !isRejected
    const after = changes ? new Map(before).set(keyOf(pdu.type, pdu.stateKey ?? ''), pdu) : before
    return { pdu, isRejected, before, after }
  }

  /** "Remote state stands in for missing prev events": those of it that were not rejected. */
  #remoteState({ eventId }: Pdu): readonly State[] {
    const ids = this.#remote.get(eventId)?.filter((id) => !this.#room.isRejected(id))
    const events = ids?.map((id) => this.#events.get(id)).filter((event) => event !== undefined)
    return events === undefined
      ? []
      : [new Map(events.map((event) => [keyOf(event.type, event.stateKey ?? ''), event]))]
  }

  /** The rules against the events that it references, and against the state before it. */
  #isAllowed(pdu: Pdu, before: State): boolean {
    const { event, isRejected } = this.#room
    // "Every event graph has a single root event with no parent."
    if (pdu.prevEvents.length === 0 && pdu.type !== 'm.room.create') return false
    if (!checkAuthEvents(pdu, { get: event, isRejected }).allowed) return false
    const referenced = [createByRoomId(pdu, this.#room), ...pdu.authEvents.map(event)]
    const byAuthEvents = checkAuth(pdu, authStateOf(referenced.filter((one) => one !== undefined)))
    return byAuthEvents.allowed && checkAuth(pdu, authStateOf(before.values())).allowed
  }

  #resolve(states: readonly State[]): State {
    const known = states.filter((state) => state.size > 0)
    const different = new Map(known.map((state) => [idsOf(state).join(' '), state]))
    const [only] = different.values()
    if (different.size <= 1) return only ?? new Map<string, Pdu>()
    return resolveSlowly([...different.values()], this.#rules, this.#room)
  }
}

/** The events of a state, sorted. */
export function idsOf(state: State): readonly string[] {
  return [...state.values()].map((event) => event.eventId).toSorted()
}
