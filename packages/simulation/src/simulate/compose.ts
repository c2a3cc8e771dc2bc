import { filled, InputKind, InputRoomEvent, type RoomserverApi } from '@roomserver/api'
import { authStateOf, checkAuth, selectAuthEvents } from '@roomserver/auth'
import {
  buildEvent,
  type EventDraft,
  type EventRef,
  parsePdu,
  type Pdu,
  type SigningKey,
  trustedPdu,
} from '@roomserver/events'
import { isFailure, type JsonObject } from '@roomserver/types'
import { type RoomVersionRules, roomVersion } from '@roomserver/version'

/** What somebody wants to say in a room. */
export interface EventTemplate {
  readonly type: string
  readonly sender: string
  readonly stateKey?: string | undefined
  readonly content: JsonObject
  /** Of a redaction. */
  readonly redacts?: string | undefined
}

/** The end of a room, as its server tells it to those who build events. */
export interface RoomEnd {
  readonly rules: RoomVersionRules
  readonly roomId: string
  readonly latest: readonly EventRef[]
  readonly depth: number
  readonly state: readonly Pdu[]
}

/** Who makes events, and when. */
export interface Author {
  readonly key: SigningKey
  readonly now: number
  /** Used where authors choose the IDs of their events. */
  readonly eventId: string
}

const MAX_PREV = 20

export async function endOf(api: RoomserverApi, roomId: string): Promise<RoomEnd | undefined> {
  const end = await api.queryLatestEventsAndState({ room_id: roomId, state_to_fetch: [] })
  const rules = roomVersion(end.room_version)
  if (!end.room_exists || rules === undefined || end.latest_events.length === 0) return undefined
  const state = end.state_events.map(({ json, eventId }) =>
    trustedPdu(JSON.parse(json) as JsonObject, eventId, rules),
  )
  return { rules, roomId, latest: end.latest_events.slice(0, MAX_PREV), depth: end.depth, state }
}

/** A change of a user's membership. */
export function member(
  sender: string,
  user: string,
  membership: string,
  more: JsonObject = {},
): EventTemplate {
  return { type: 'm.room.member', sender, stateKey: user, content: { ...more, membership } }
}

/**
 * Makes an event on top of a room.
 *
 * @returns `undefined` when there can be no such event
 */
export function eventOn(
  end: RoomEnd,
  template: EventTemplate,
  author: Author,
  change: Partial<EventDraft> = {},
): Promise<Pdu | undefined> {
  const { rules, roomId, latest, depth, state } = end
  const subject = { ...template, stateKey: template.stateKey }
  const auth = selectAuthEvents(subject, authStateOf(state), rules).map((event) => refOf(event))
  return made({ ...template, roomId, prevEvents: latest, authEvents: auth, depth, ...change }, rules, author)
}

/** Whether a user is in a room. */
export function isJoined({ state }: RoomEnd, user: string): boolean {
  const event = state.find((one) => one.type === 'm.room.member' && one.stateKey === user)
  return event?.content['membership'] === 'join'
}

/** Whether the rules allow an event at the end of a room. */
export function isAllowedAt({ state }: RoomEnd, event: Pdu): boolean {
  return checkAuth(event, authStateOf(state)).allowed
}

/** Makes the event that starts a room. */
export function createEvent(
  rules: RoomVersionRules,
  roomId: string | undefined,
  creator: string,
  author: Author,
): Promise<Pdu | undefined> {
  const content = {
    ...(rules.auth.creator === 'content' && { creator }),
    ...(rules.version !== '1' && { room_version: rules.version }),
  }
  const draft = { type: 'm.room.create', sender: creator, stateKey: '', content, depth: 1 }
  return made({ ...draft, roomId, prevEvents: [], authEvents: [] }, rules, author)
}

export async function made(
  draft: Omit<EventDraft, 'originServerTs' | 'eventId'>,
  rules: RoomVersionRules,
  { key, now, eventId }: Author,
): Promise<Pdu | undefined> {
  const own = rules.eventId === 'domain' ? { eventId: `$${eventId}:${key.server}` } : {}
  const event = { ...draft, ...own, originServerTs: now, origin: key.server }
  try {
    const built = await buildEvent(event, rules, key)
    return built.ok ? built.pdu : undefined
  } catch (error) {
    if (isFailure(error, 'MALFORMED_EVENT')) return undefined
    throw error
  }
}

/** How an event is given to a room server. */
export function inputOf(event: Pdu, change: Partial<InputRoomEvent> = {}): InputRoomEvent {
  const { eventId, json, rules } = event
  return filled(InputRoomEvent, {
    kind: InputKind.new,
    event: { roomVersion: rules.version, eventId, json },
    ...change,
  })
}

/**
 * Reads an event of the federation format.
 *
 * @returns `undefined` when it is malformed
 */
export function parsedEvent(json: string, version: string): Pdu | undefined {
  const rules = roomVersion(version)
  const verdict = rules && parsePdu(json, rules)
  return verdict?.ok === true ? verdict.pdu : undefined
}

export function refOf(event: Pdu): EventRef {
  return { eventId: event.eventId, sha256: '' }
}
