import { type Pdu, trustedPdu } from '@roomserver/events'
import type { EventId, JsonObject } from '@roomserver/types'
import { roomVersion, type RoomVersionRules } from '@roomserver/version'
import { type StateMap, stateMap } from '../src/index.ts'

/** The rules of a version that certainly exists. */
function rulesOf(version: string): RoomVersionRules {
  const rules = roomVersion(version)
  if (rules === undefined) throw new Error(`no room version ${version}`)
  return rules
}

/** Events under IDs of our choice, so that tests can name them. Each is younger than the one before unless told. */
export class TestRoom {
  readonly rules: RoomVersionRules
  readonly #events = new Map<EventId, Pdu>()

  constructor(version: string) {
    this.rules = rulesOf(version)
  }

  readonly events = (id: EventId): Pdu | undefined => this.#events.get(id)

  /** In the order in which they were sent. */
  all(): Iterable<Pdu> {
    return this.#events.values()
  }

  send(
    id: EventId,
    type: string,
    sender: string,
    key: string,
    content: JsonObject,
    cites = '',
    ts?: number,
  ): this {
    const ids = cites === '' ? [] : cites.split(' ')
    return this.sendReferencing(id, type, sender, key, content, ids, ts)
  }

  sendReferencing(
    id: EventId,
    type: string,
    sender: string,
    key: string,
    content: JsonObject,
    ids: readonly EventId[],
    ts?: number,
  ): this {
    const event = {
      type,
      sender,
      state_key: key,
      content,
      room_id: this.rules.roomId === 'create-hash' ? '!create' : '!room:a.test',
      origin_server_ts: ts ?? this.#events.size,
      depth: this.#events.size,
      auth_events: this.rules.eventRefs === 'id' ? ids : ids.map((cited) => [cited, {}]),
      prev_events: [],
    }
    this.#events.set(id, trustedPdu(event, id, this.rules))
    return this
  }

  /** The state that these events make up. */
  state(ids: string | readonly EventId[]): StateMap {
    const list = typeof ids === 'string' ? ids.split(' ') : ids
    return stateMap(
      list.map((id) => {
        const event = this.events(id)
        if (event === undefined) throw new Error(`no event ${id}`)
        return [event.type, event.stateKey ?? '', id]
      }),
    )
  }
}

export const ALICE = '@alice:a.test'
export const BOB = '@bob:b.test'

/** A public room of Alice (level 100) and Bob (50): $create $alice $levels $public $bob. */
export function openRoom(version = '10'): TestRoom {
  const users = version === '12' ? { [BOB]: 50 } : { [ALICE]: 100, [BOB]: 50 }
  const create = version === '12' ? '' : '$create '
  return new TestRoom(version)
    .send('$create', 'm.room.create', ALICE, '', { creator: ALICE })
    .send('$alice', 'm.room.member', ALICE, ALICE, { membership: 'join' }, create.trim())
    .send('$levels', 'm.room.power_levels', ALICE, '', { users, state_default: 0 }, `${create}$alice`)
    .send('$public', 'm.room.join_rules', ALICE, '', { join_rule: 'public' }, `${create}$alice $levels`)
    .send('$bob', 'm.room.member', BOB, BOB, { membership: 'join' }, `${create}$levels $public`)
}

/** What {@link openRoom} has in its state. */
export const OPEN_STATE = '$create $alice $levels $public $bob'
