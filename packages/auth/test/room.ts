import { type Pdu, trustedPdu } from '@roomserver/events'
import { type RoomVersionRules, roomVersion } from '@roomserver/version'

/** What a test says about an event; the rest is filled in. */
export interface EventOptions {
  readonly type?: string
  readonly key?: string
  readonly sender?: string
  readonly content?: Readonly<Record<string, unknown>>
  readonly prev?: readonly string[]
  readonly auth?: readonly string[]
  readonly room?: string
  readonly more?: Readonly<Record<string, unknown>>
}

/** The rules of a version that surely exists. */
export function rulesOf(version: string): RoomVersionRules {
  const rules = roomVersion(version)
  if (rules === undefined) throw new Error(`no room version ${version}`)
  return rules
}

let count = 0

/** Makes an event of a room of some version, with an ID that nobody computed; of one room unless told otherwise. */
export function makeEvent(version: string, options: EventOptions): Pdu {
  const rules = rulesOf(version)
  const { auth = [], content = {}, key, more, prev = ['$prev:a.test'], sender = '@alice:a.test' } = options
  const { type = 'm.room.message' } = options
  const isNamed = type === 'm.room.create' && key === '' && rules.roomId === 'create-hash'
  const eventId = isNamed ? '$room:a.test' : `$event${++count}:${sender.split(':')[1]}`
  const refs = (ids: readonly string[]) =>
    rules.eventRefs === 'id' ? ids : ids.map((id) => [id, { sha256: '' }])
  const json = {
    type,
    sender,
    content,
    depth: 5,
    origin_server_ts: 1,
    prev_events: refs(prev),
    auth_events: refs(auth),
    ...(type === 'm.room.create' && rules.roomId === 'create-hash'
      ? {}
      : { room_id: options.room ?? '!room:a.test' }),
    ...(key === undefined ? {} : { state_key: key }),
    ...more,
  }
  return trustedPdu(JSON.stringify(json), eventId, rules)
}

/** The create event of a room by @alice:a.test. */
export function createEvent(version: string, content: Readonly<Record<string, unknown>> = {}): Pdu {
  return makeEvent(version, {
    type: 'm.room.create',
    key: '',
    prev: [],
    content: { creator: '@alice:a.test', room_version: version, ...content },
  })
}

/** A member event that a user (or somebody else) sent about that user. */
export function member(version: string, user: string, membership: unknown, options: EventOptions = {}): Pdu {
  const { content, ...rest } = options
  return makeEvent(version, {
    type: 'm.room.member',
    key: user,
    sender: user,
    ...rest,
    content: { membership, ...content },
  })
}

/** A state event of @alice:a.test with an empty state key. */
export function setting(version: string, type: string, content: Readonly<Record<string, unknown>>): Pdu {
  return makeEvent(version, { type, key: '', content })
}
