import { checkPdu, type ClientEvent, type Pdu, pduFromClientEvent } from '@roomserver/events'
import {
  type EventId,
  invalidArgument,
  isPlainObject,
  isUserId,
  type JsonObject,
  serverOf,
  type UserId,
} from '@roomserver/types'
import { checkAuth } from './check-auth.ts'
import { redactionRefusal } from './check-redaction.ts'
import { ForeignEntry, ofOtherRoom, stateOfRoom } from './of-room.ts'
import { type AuthState, checkState, entryOf } from './state.ts'
import type { AuthVerdict } from './verdict.ts'

/** An event that somebody thinks of sending. */
export interface PlannedEvent {
  readonly type: string
  readonly sender: UserId
  /** Left out: not a state event. */
  readonly stateKey?: string | undefined
  readonly content: object
  /** What a redaction would redact. */
  readonly redacts?: EventId | undefined
}

/**
 * Says whether an event would be allowed that does not exist yet, on top of the room as it is now.
 *
 * @param state - the current state of the room, its create event included
 * @throws {RoomserverError} INVALID_ARGUMENT when the state has no create event, or a member of the event is not what it should be
 * @see https://spec.matrix.org/v1.19/server-server-api/#authorisation-rules
 * @example
 * ```ts
 * import { authStateOf, checkPlanned } from '@roomserver/auth'
 * import type { Pdu } from '@roomserver/events'
 *
 * declare const state: readonly Pdu[] // the current state of the room
 * const topic = { type: 'm.room.topic', sender: '@bob:example.org', stateKey: '', content: { topic: 'Tea' } }
 * console.log(checkPlanned(topic, authStateOf(state)).allowed)
 * ```
 */
export function checkPlanned(event: PlannedEvent, state: AuthState): AuthVerdict {
  if (typeof event !== 'object' || event === null) throw invalidArgument('event', 'an event to be checked')
  const create = createIn(state)
  return checkedIn(imagined(event, create, isBare(state)), state, create)
}

/** What a user may do in a room now. Each answer is a verdict with its rule, and a reason if it is no. */
export interface Permissions {
  /** Sending an event that is not a state event. */
  readonly send: (type: string, content?: object) => AuthVerdict
  readonly sendState: (type: string, stateKey: string, content?: object) => AuthVerdict
  /**
   * Redacting this event, with effect: one's own, or with the level for it somebody else's. Everybody in the room may send a
   * redaction from version 3 on, which is why `checkAuth` is not the question.
   */
  readonly redact: (target: Pdu | ClientEvent) => AuthVerdict
  readonly invite: (target: UserId) => AuthVerdict
  readonly kick: (target: UserId) => AuthVerdict
  readonly ban: (target: UserId) => AuthVerdict
  readonly unban: (target: UserId) => AuthVerdict
  /** Joining; the content may name who authorises it. */
  readonly join: (content?: object) => AuthVerdict
  readonly knock: () => AuthVerdict
  readonly leave: () => AuthVerdict
}

/**
 * Answers "may this user?" for what a bot or a client is about to do.
 *
 * @param state - the current state of the room, its create event included
 * @throws {RoomserverError} INVALID_ARGUMENT when the state has no create event, or an argument is not what it should be
 * @example
 * ```ts
 * import { authStateOf, permissionsOf } from '@roomserver/auth'
 * import type { Pdu } from '@roomserver/events'
 *
 * declare const state: readonly Pdu[] // the current state of the room
 * const may = permissionsOf('@bot:example.org', authStateOf(state))
 * const verdict = may.kick('@eve:evil.org')
 * console.log(verdict.allowed ? 'yes' : `no: ${verdict.reason}`)
 * ```
 */
export function permissionsOf(user: UserId, state: AuthState): Permissions {
  const sender = userArgument('user', user)
  const create = createIn(state)
  const check = (event: Omit<PlannedEvent, 'sender'>) =>
    checkedIn(imagined({ ...event, sender }, create, isBare(state)), state, create)
  const member = (target: unknown, membership: string, more: object = {}) =>
    check({
      type: 'm.room.member',
      stateKey: userArgument('target', target),
      content: { ...more, membership },
    })
  return {
    send: (type, content = {}) => check({ type, content }),
    sendState: (type, stateKey, content = {}) => {
      if (typeof stateKey !== 'string') throw invalidArgument('stateKey', 'a string')
      return check({ type, stateKey, content })
    },
    redact: (target) => {
      const pdu = targetPdu(target, create)
      const content = create.rules.redactsIn === 'content' ? { redacts: pdu.eventId } : {}
      const sent = check({ type: 'm.room.redaction', content, redacts: pdu.eventId })
      return sent.allowed ? (redactionRefusal(sender, pdu, state) ?? sent) : sent
    },
    invite: (target) => member(target, 'invite'),
    kick: (target) => member(target, 'leave'),
    ban: (target) => member(target, 'ban'),
    unban: (target) => member(target, 'leave'),
    join: (content = {}) => member(sender, 'join', content),
    knock: () => member(sender, 'knock'),
    leave: () => member(sender, 'leave'),
  }
}

/** A verdict on an event in a state all of whose events have to be of one room. */
function checkedIn(event: Pdu, state: AuthState, create: Pdu): AuthVerdict {
  try {
    return checkAuth(event, stateOfRoom(state, create))
  } catch (error) {
    if (error instanceof ForeignEntry) return ofOtherRoom(event, error.entry)
    throw error
  }
}

function createIn(state: AuthState): Pdu {
  checkState('state', state)
  const create = entryOf(state, 'm.room.create', '')
  if (create !== undefined) return create
  throw invalidArgument('state', 'a state with the m.room.create event of the room')
}

/** Whether nothing follows the create event yet: its creator joins then, whatever the join rules say. */
function isBare(state: AuthState): boolean {
  const create = createIn(state)
  const others = [entryOf(state, 'm.room.power_levels', ''), entryOf(state, 'm.room.join_rules', '')]
  return (
    others.every((event) => event === undefined) &&
    entryOf(state, 'm.room.member', create.sender) === undefined
  )
}

function targetPdu(target: Pdu | ClientEvent, { roomId, rules }: Pdu): Pdu {
  if (typeof target !== 'object' || target === null)
    throw invalidArgument('target', 'the event to be redacted')
  const pdu = 'event_id' in target ? pduFromClientEvent(target, { version: rules, roomId }) : target
  checkPdu('target', pdu)
  if (pdu.roomId !== roomId) throw invalidArgument('target', `an event of ${roomId}, not of ${pdu.roomId}`)
  return pdu
}

/** The event as the rules read it; nobody has made it yet. */
function imagined(event: PlannedEvent, create: Pdu, isFirst: boolean): Pdu {
  const { type, stateKey, redacts } = event
  if (typeof type !== 'string') throw invalidArgument('type', 'an event type')
  const sender = userArgument('sender', event.sender)
  return {
    // In room versions 1 and 2 its server decides what a redaction may redact.
    eventId: `$:${serverOf(sender)}`,
    roomId: create.roomId,
    rules: create.rules,
    type,
    stateKey,
    sender,
    depth: create.depth + 1,
    originServerTs: create.originServerTs,
    prevEvents: [isFirst ? create.eventId : ''],
    authEvents: [],
    redacts,
    content: contentArgument(event.content),
    json: '{}',
  }
}

function contentArgument(content: unknown): JsonObject {
  if (isPlainObject(content)) return content
  throw invalidArgument('content', 'an object')
}

function userArgument(argument: string, user: unknown): UserId {
  if (typeof user === 'string' && isUserId(user)) return user
  throw invalidArgument(argument, 'a user ID such as @alice:example.org')
}
