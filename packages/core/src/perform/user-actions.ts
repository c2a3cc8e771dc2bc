import type { PerformJoinRequest } from '@roomserver/api'
import type { AuthVerdict } from '@roomserver/auth'
import {
  type EventId,
  isUserId,
  type JsonObject,
  type RoomId,
  type RoomRecord,
  RoomserverError,
  type RoomVersionId,
  serverOf,
  type UserId,
} from '@roomserver/types'
import { roomVersion, type RoomVersionRules } from '@roomserver/version'
import type { Outcome } from '../decide/event-input.ts'
import { headered, rulesOf } from '../output/headered.ts'
import { roomWithState } from '../query/context.ts'
import { invalidArgument, roomNotFound } from '../query/failures.ts'
import { queryRoomVersionCapabilities } from '../query/room-version.ts'
import { buildOnTop, type EventTemplate, verdictOn } from './build.ts'
import type { PerformContext } from './context.ts'
import { takeInvite } from './invite.ts'
import { joinRoom } from './join.ts'
import { NewRoom, type NewStateEvent } from './new-room.ts'
import { redactionOf, type RedactionTemplate } from './redact.ts'
import { newEvent } from './send.ts'
import { withTypedFailures } from './typed-failures.ts'

/** A room to be made. */
export interface RoomTemplate {
  readonly creator: UserId
  /** Left out: the one that is announced as the default. */
  readonly version?: RoomVersionId | undefined
  /** The state events of the room, the create event first, by its rules. */
  readonly state: (rules: RoomVersionRules) => readonly NewStateEvent[]
}

/** An invite to be sent. */
export interface InviteTemplate {
  readonly sender: UserId
  readonly target: UserId
  /** What the membership event says beside the membership. */
  readonly content: JsonObject
}

/**
 * What users of this server do in rooms, for programs that hold the engine in process: a failure is thrown with its
 * code, where the operations of the internal API answer in the wire's form.
 */
export interface UserActions {
  /**
   * Makes a room of the given state events; nothing is sent unless the rules allow all of them.
   *
   * @throws {RoomserverError} UNSUPPORTED_ROOM_VERSION, INVALID_ARGUMENT, MALFORMED_EVENT, NOT_ALLOWED
   */
  createRoom(template: RoomTemplate): Promise<RoomId>
  /**
   * Builds an event on top of a room as it is now, and sends it, one after the other with all else that is built here.
   *
   * @throws {RoomserverError} ROOM_NOT_FOUND, INVALID_ARGUMENT, MALFORMED_EVENT, NOT_ALLOWED
   */
  send(roomId: RoomId, template: EventTemplate): Promise<EventId>
  /** Throws what `send` would, as far as that can be foreseen, and sends nothing. */
  refuse(roomId: RoomId, template: EventTemplate): Promise<void>
  /**
   * Redacts an event of a room: one's own, or with the level for it somebody else's.
   *
   * @throws {RoomserverError} also EVENT_NOT_FOUND
   */
  redact(roomId: RoomId, template: RedactionTemplate): Promise<EventId>
  /** Joins a user; see `performJoin`. @throws {RoomserverError} also COMPONENT_NOT_CONFIGURED, COMPONENT_FAILED */
  join(request: PerformJoinRequest): Promise<RoomId>
  /** Invites a user, through their server if that is another one. @throws {RoomserverError} as `join` */
  invite(roomId: RoomId, template: InviteTemplate): Promise<EventId>
}

/** Binds the actions to what they work with. */
export function createUserActions(context: PerformContext): UserActions {
  return {
    createRoom: (template) => createRoom(context, template),
    send: async (roomId, template) => sendAs(context, roomId, template.sender, async () => template),
    refuse: async (roomId, template) => {
      checkOwnUser(context, 'sender', template.sender)
      const room = await knownRoom(context, roomId)
      refuseUnlessAllowed(await verdictOn(context, room, template), template.type)
    },
    redact: async (roomId, template) =>
      sendAs(context, roomId, template.sender, (room) => redactionOf(context, room, template)),
    join: (request) => {
      const asked = { operation: 'join', roomId: request.room_id_or_alias }
      return withTypedFailures(asked, async () => (await joinRoom(context, request)).room_id)
    },
    invite: async (roomId, template) => invite(context, roomId, template),
  }
}

async function createRoom(context: PerformContext, template: RoomTemplate): Promise<RoomId> {
  checkOwnUser(context, 'creator', template.creator)
  const { creator, version = queryRoomVersionCapabilities(context).default } = template
  const rules = roomVersion(version)
  if (rules === undefined) {
    const message = `room version ${JSON.stringify(version)} is not known`
    throw new RoomserverError('UNSUPPORTED_ROOM_VERSION', { version }, message)
  }
  const given = rules.roomId === 'create-hash' ? undefined : `!${context.randomId(18)}:${context.serverName}`
  const room = new NewRoom(context, { creator, rules, roomId: given })
  const asked = { operation: 'createRoom', roomId: given ?? '' }
  for (const event of template.state(rules)) {
    refuseUnlessAllowed(await withTypedFailures(asked, () => room.add(event)), event.type)
  }
  const { serverName, input } = context
  const inputs = room.events.map((event) => newEvent(event, serverName, serverName))
  const { ErrMsg: reason } = await input.inputRoomEvents({ input_room_events: inputs, async: false })
  if (reason !== '') throw new RoomserverError('NOT_ALLOWED', { rule: 'createRoom', reason }, reason)
  return room.events[0]?.roomId ?? ''
}

function sendAs(
  context: PerformContext,
  roomId: RoomId,
  sender: UserId,
  templateFor: (room: RoomRecord) => Promise<EventTemplate>,
): Promise<EventId> {
  checkOwnUser(context, 'sender', sender)
  const { serverName, input } = context
  return context.mutex.take(roomId, async () => {
    const room = await knownRoom(context, roomId)
    const template = await templateFor(room)
    refuseUnlessAllowed(await verdictOn(context, room, template), template.type)
    const event = await withTypedFailures({ operation: 'send', roomId }, () =>
      buildOnTop(context, room, template),
    )
    return acceptedId(roomId, await input.ingest(newEvent(event, serverName, serverName)))
  })
}

function invite(context: PerformContext, roomId: RoomId, template: InviteTemplate): Promise<EventId> {
  const { sender, target } = template
  checkOwnUser(context, 'sender', sender)
  checkUser('user', target)
  const content = { ...template.content, membership: 'invite' }
  const event: EventTemplate = { type: 'm.room.member', sender, stateKey: target, content }
  return context.mutex.take(roomId, async () => {
    const room = await knownRoom(context, roomId)
    refuseUnlessAllowed(await verdictOn(context, room, event), event.type)
    return await withTypedFailures({ operation: 'invite', roomId }, async () => {
      const pdu = await buildOnTop(context, room, event)
      await takeInvite(context, {
        room_version: room.version,
        event: headered(pdu, rulesOf(room)),
        invite_room_state: [],
        invite_room_state_pdus: [],
        send_as_server: context.serverName,
        transaction_id: null,
      })
      return pdu.eventId
    })
  })
}

async function knownRoom(context: PerformContext, roomId: RoomId): Promise<RoomRecord> {
  const room = await roomWithState(context, roomId)
  if (room !== undefined) return room
  throw roomNotFound(roomId, `room ${JSON.stringify(roomId)} is not known here`)
}

function checkUser(argument: string, userId: UserId): void {
  if (typeof userId === 'string' && isUserId(userId)) return
  throw invalidArgument(argument, 'a user ID', `${argument}: expected a user ID, such as @alice:example.org`)
}

function checkOwnUser({ serverName }: PerformContext, argument: string, userId: UserId): void {
  checkUser(argument, userId)
  if (serverOf(userId) === serverName) return
  const message = `${argument}: expected a user of ${serverName}, whose key signs the event, not ${userId}`
  throw invalidArgument(argument, `a user of ${serverName}`, message)
}

function refuseUnlessAllowed(verdict: AuthVerdict, type: string): void {
  if (verdict.allowed) return
  const { rule, reason } = verdict
  throw new RoomserverError('NOT_ALLOWED', { rule, reason }, `${type} is not allowed: ${reason}`)
}

/** The ID of an event that was taken. @throws {RoomserverError} when it was not */
function acceptedId(roomId: RoomId, outcome: Outcome): EventId {
  if (outcome.kind === 'refused') throw outcome.error
  if (outcome.kind === 'missing') {
    const eventIds = [...outcome.auth, ...outcome.prev, ...outcome.state]
    throw new RoomserverError(
      'MISSING_EVENTS',
      { roomId, eventIds },
      'events that it refers to are not stored',
    )
  }
  const { eventId, verdict, rule = verdict, reason = verdict } = outcome
  if (verdict === 'accepted') return eventId
  throw new RoomserverError('NOT_ALLOWED', { eventId, rule, reason }, reason)
}
