import type { Pdu } from '@roomserver/events'
import {
  type Asking,
  type EventNid,
  type EventRecord,
  NO_NID,
  serverOf,
  type SnapshotNid,
  type StateEntry,
  type StateKeyNid,
} from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import { eventsOf } from '../view/asking.ts'
import type { Need } from '../view/need.ts'
import { stateForTuples, stateOfType } from '../view/state-at.ts'
import type { View } from '../view/view.ts'

const VISIBILITIES = ['invited', 'joined', 'shared', 'world_readable'] as const
type Visibility = (typeof VISIBILITIES)[number]

/** Who wants to see events of a room. */
export interface Onlooker {
  readonly server: string
  /** Whether the server is in the room now. */
  readonly inRoom: boolean
}

/**
 * Says which events of one room a server may see, by the history visibility and the memberships before each event.
 * Events that share their state share the answer. An event whose state we do not know is shown to servers in the room.
 *
 * @see https://spec.matrix.org/v1.16/server-server-api/#backfilling-and-retrieving-missing-events
 */
export class ServerSight {
  readonly #view: View
  readonly #rules: RoomVersionRules
  readonly #onlooker: Onlooker
  readonly #byState = new Map<SnapshotNid, boolean>()
  readonly #isOfServer = new Map<StateKeyNid, boolean>()

  constructor(view: View, rules: RoomVersionRules, onlooker: Onlooker) {
    this.#view = view
    this.#rules = rules
    this.#onlooker = onlooker
  }

  /** Whether the server may see an event. */
  *maySee(record: EventRecord): Asking<Need, boolean> {
    if (record.before === NO_NID) return this.#onlooker.inRoom
    const known = this.#byState.get(record.before)
    const answer = known ?? (yield* this.#maySeeAt(record.before))
    this.#byState.set(record.before, answer)
    return answer
  }

  *#maySeeAt(state: SnapshotNid): Asking<Need, boolean> {
    const visibility = yield* this.#visibilityAt(state)
    if (visibility === 'world_readable') return true
    if (visibility === 'shared' && this.#onlooker.inRoom) return true
    const memberships = yield* this.#membershipsAt(state)
    return memberships.has('join') || (visibility === 'invited' && memberships.has('invite'))
  }

  *#visibilityAt(state: SnapshotNid): Asking<Need, Visibility> {
    const tuple = { type: 'm.room.history_visibility', stateKey: '' }
    const [nid] = yield* stateForTuples(this.#view, state, [tuple])
    if (nid === undefined || nid === NO_NID) return 'shared'
    const [event] = yield* this.#parsed([nid])
    const value = event?.content['history_visibility']
    return VISIBILITIES.find((visibility) => visibility === value) ?? 'shared'
  }

  /** What the users of the server were, all together. */
  *#membershipsAt(state: SnapshotNid): Asking<Need, ReadonlySet<unknown>> {
    const members = yield* stateOfType(this.#view, state, 'm.room.member')
    const ours = yield* this.#ofServer(members)
    const events = yield* this.#parsed(ours.map((entry) => entry.event))
    return new Set(events.map((event) => event.content['membership']))
  }

  *#ofServer(members: readonly StateEntry[]): Asking<Need, readonly StateEntry[]> {
    const keys = members.map((entry) => entry.stateKey).filter((key) => !this.#isOfServer.has(key))
    const unread = keys.filter((key) => this.#view.stateKeyText(key) === undefined)
    if (unread.length > 0) yield { kind: 'state-key-texts', nids: unread }
    for (const key of keys) {
      const user = this.#view.stateKeyText(key) ?? ''
      this.#isOfServer.set(key, user.startsWith('@') && serverOf(user) === this.#onlooker.server)
    }
    return members.filter((entry) => this.#isOfServer.get(entry.stateKey) === true)
  }

  *#parsed(nids: readonly EventNid[]): Asking<Need, readonly Pdu[]> {
    const records = yield* eventsOf(this.#view, nids)
    return records.map((record) => this.#view.pduOf(record, this.#rules))
  }
}
