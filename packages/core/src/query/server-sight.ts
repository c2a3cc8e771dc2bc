import { type AuthState, authStateOf, mayServerSee } from '@roomserver/auth'
import type { Pdu } from '@roomserver/events'
import { lookup } from '@roomserver/state'
import {
  type Asking,
  EVENT_TYPE_NIDS,
  type EventNid,
  type EventRecord,
  type EventTypeNid,
  NO_NID,
  type SnapshotNid,
  type StateKeyNid,
} from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import { eventsOf } from '../view/asking.ts'
import type { Need } from '../view/need.ts'
import { snapshotOf, stateForTuples } from '../view/state-at.ts'
import type { View } from '../view/view.ts'
import { present } from './state-events.ts'

const MEMBER: EventTypeNid = EVENT_TYPE_NIDS.get('m.room.member') ?? NO_NID

/** What the rules of visibility read of a state; the members only where the answer hangs on them. */
interface StateInSight {
  readonly before: AuthState
  members: readonly Pdu[] | undefined
}

/** Who wants to see events of a room. */
export interface Onlooker {
  readonly server: string
  /** Whether the server is in the room now. */
  readonly inRoom: boolean
  /** Its users who are or were anything in the room. */
  readonly users: readonly StateKeyNid[]
}

/**
 * Says which events of one room a server may have, by the history visibility and the memberships before each event.
 * Events that share their state share what is read of it. An event whose state we do not know is shown to servers in the
 * room.
 *
 * @see https://spec.matrix.org/v1.16/server-server-api/#backfilling-and-retrieving-missing-events
 */
export class ServerSight {
  readonly #view: View
  readonly #rules: RoomVersionRules
  readonly #onlooker: Onlooker
  readonly #states = new Map<SnapshotNid, StateInSight>()

  constructor(view: View, rules: RoomVersionRules, onlooker: Onlooker) {
    this.#view = view
    this.#rules = rules
    this.#onlooker = onlooker
  }

  /** Whether the server may have an event. */
  *maySee(record: EventRecord): Asking<Need, boolean> {
    if (record.before === NO_NID) return this.#onlooker.inRoom
    const state = yield* this.#stateInSight(record.before)
    const event = this.#view.pduOf(record, this.#rules)
    if (this.#isVisible(event, state)) return true
    if (state.members !== undefined) return false
    state.members = yield* this.#membersAt(record.before)
    return this.#isVisible(event, state)
  }

  #isVisible(event: Pdu, { before, members = [] }: StateInSight): boolean {
    const { server, inRoom } = this.#onlooker
    return mayServerSee(event, { server, before, members, joinedLater: inRoom }).visible
  }

  *#stateInSight(snapshot: SnapshotNid): Asking<Need, StateInSight> {
    const known = this.#states.get(snapshot)
    if (known !== undefined) return known
    const tuple = { type: 'm.room.history_visibility', stateKey: '' }
    const visibility = present(yield* stateForTuples(this.#view, snapshot, [tuple]))
    const state = { before: authStateOf(yield* this.#parsed(visibility)), members: undefined }
    this.#states.set(snapshot, state)
    return state
  }

  /** Member events of the server's users, up to the first who is joined: that one settles it. */
  *#membersAt(snapshot: SnapshotNid): Asking<Need, readonly Pdu[]> {
    const state = yield* snapshotOf(this.#view, snapshot)
    const members: Pdu[] = []
    for (const user of this.#onlooker.users) {
      const nid = yield* lookup(state, MEMBER, user, this.#view)
      if (nid === NO_NID) continue
      const [member] = yield* this.#parsed([nid])
      if (member !== undefined) members.push(member)
      if (member?.content['membership'] === 'join') break
    }
    return members
  }

  *#parsed(nids: readonly EventNid[]): Asking<Need, readonly Pdu[]> {
    const records = yield* eventsOf(this.#view, nids)
    return records.map((record) => this.#view.pduOf(record, this.#rules))
  }
}
