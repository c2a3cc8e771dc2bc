import { type AuthState, authStateOf, mayServerSee } from '@roomserver/auth'
import type { Pdu } from '@roomserver/events'
import { lookup } from '@roomserver/state'
import {
  type Suspendable,
  EVENT_TYPE_NIDS,
  type EventNid,
  type EventRecord,
  type EventTypeNid,
  NO_NID,
  type SnapshotNid,
  type StateKeyNid,
} from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import { eventOf, eventsOf } from '../view/reads.ts'
import type { Need } from '../view/record-kinds.ts'
import { snapshotOf, stateForTuples } from '../view/state-at.ts'
import type { View } from '../view/view.ts'
import { present } from './state-events.ts'

const MEMBER: EventTypeNid = EVENT_TYPE_NIDS.get('m.room.member') ?? NO_NID

/** How many of a server's users are looked at together. */
const USERS_AT_ONCE = 200

/** What the rules of visibility read of a state; the members only where the answer hangs on them. */
interface VisibilityState {
  readonly before: AuthState
  members: readonly Pdu[] | undefined
  /** Whether a user of the server joined after it. */
  joinedSince?: boolean
}

/** Who wants to see events of a room. */
export interface Requester {
  readonly server: string
  /** Whether the server is in the room now. */
  readonly inRoom: boolean
  /** Its users who are or were anything in the room; `undefined`: not asked for yet. */
  readonly users: readonly StateKeyNid[] | undefined
  /** The current state of the room. */
  readonly current: SnapshotNid
}

/** A membership event that a user had in the state at some time. */
interface PastMembership {
  readonly nid: EventNid
  readonly isJoin: boolean
}

/** How many of a user's memberships are gone back through. */
const MAX_MEMBERSHIPS = 100

/**
 * Says which events of one room a server may have, by the history visibility and the memberships before each event.
 * Events that share their state share what is read of it. An event whose state we do not know is shown to servers in the
 * room.
 *
 * @see https://spec.matrix.org/v1.19/server-server-api/#backfilling-and-retrieving-missing-events
 */
export class ServerVisibility {
  /** Some answer hung on the server's users, and they are not known: it has to be worked out again with them. */
  lacksUsers = false
  readonly #view: View
  readonly #rules: RoomVersionRules
  readonly #requester: Requester
  readonly #states = new Map<SnapshotNid, VisibilityState>()
  readonly #memberships = new Map<StateKeyNid, readonly PastMembership[]>()

  constructor(view: View, rules: RoomVersionRules, requester: Requester) {
    this.#view = view
    this.#rules = rules
    this.#requester = requester
  }

  /** Whether the server may have an event. */
  *maySee(record: EventRecord): Suspendable<Need, boolean> {
    if (record.before === NO_NID) return this.#requester.inRoom
    const state = yield* this.#visibilityStateAt(record.before)
    const event = this.#view.pduOf(record, this.#rules)
    if (this.#isVisible(event, state)) return true
    state.members ??= yield* this.#membersAt(record.before)
    if (this.#isVisible(event, state)) return true
    // Who came later may have left again: the history that was shared with them stays shared.
    if (this.#requester.inRoom || !this.#isVisible(event, state, true)) return false
    state.joinedSince ??= yield* this.#joinedSince(record.before)
    return state.joinedSince
  }

  #isVisible(
    event: Pdu,
    { before, members = [] }: VisibilityState,
    joinedLater = this.#requester.inRoom,
  ): boolean {
    const { server } = this.#requester
    return mayServerSee(event, { server, before, members, joinedLater }).visible
  }

  /** Whether a user of the server joined after a state. */
  *#joinedSince(snapshot: SnapshotNid): Suspendable<Need, boolean> {
    const state = yield* snapshotOf(this.#view, snapshot)
    for (const user of this.#requester.users ?? []) {
      const was = yield* lookup(state, MEMBER, user, this.#view)
      for (const { nid, isJoin } of yield* this.#membershipsOf(user)) {
        if (nid === was) break
        if (isJoin) return true
      }
      yield
    }
    return false
  }

  /** What a user was in the room, the latest first, each what the one before it took the place of. */
  *#membershipsOf(user: StateKeyNid): Suspendable<Need, readonly PastMembership[]> {
    const known = this.#memberships.get(user)
    if (known !== undefined) return known
    const memberships: PastMembership[] = []
    let state = this.#requester.current
    while (state !== NO_NID && memberships.length < MAX_MEMBERSHIPS) {
      const nid = yield* lookup(yield* snapshotOf(this.#view, state), MEMBER, user, this.#view)
      if (nid === NO_NID) break
      const record = yield* eventOf(this.#view, nid)
      const { content } = this.#view.pduOf(record, this.#rules)
      memberships.push({ nid, isJoin: content['membership'] === 'join' })
      state = record.before
    }
    this.#memberships.set(user, memberships)
    return memberships
  }

  *#visibilityStateAt(snapshot: SnapshotNid): Suspendable<Need, VisibilityState> {
    const known = this.#states.get(snapshot)
    if (known !== undefined) return known
    const tuple = { type: 'm.room.history_visibility', stateKey: '' }
    const visibility = present(yield* stateForTuples(this.#view, snapshot, [tuple]))
    const state = { before: authStateOf(yield* this.#parsed(visibility)), members: undefined }
    this.#states.set(snapshot, state)
    return state
  }

  /** Member events of the server's users, some at a time until one of them is joined: that settles it. */
  *#membersAt(snapshot: SnapshotNid): Suspendable<Need, readonly Pdu[]> {
    const { users } = this.#requester
    this.lacksUsers ||= users === undefined
    const state = yield* snapshotOf(this.#view, snapshot)
    const members: Pdu[] = []
    for (let from = 0; from < (users?.length ?? 0); from += USERS_AT_ONCE) {
      const nids: EventNid[] = []
      for (const user of users?.slice(from, from + USERS_AT_ONCE) ?? []) {
        nids.push(yield* lookup(state, MEMBER, user, this.#view))
      }
      members.push(...(yield* this.#parsed(present(nids))))
      if (members.some((member) => member.content['membership'] === 'join')) break
      yield
    }
    return members
  }

  *#parsed(nids: readonly EventNid[]): Suspendable<Need, readonly Pdu[]> {
    const records = yield* eventsOf(this.#view, nids)
    return records.map((record) => this.#view.pduOf(record, this.#rules))
  }
}
