import { invalidArgument, RoomserverError } from '@roomserver/types'
import {
  listArgument,
  numberArgument,
  objectArgument,
  optionsArgument,
  textArgument,
  userArgument,
} from '../arguments.ts'
import type { Outputs } from '../outputs/outputs.ts'
import { CREATE_ROOM, createRoom, type CreateRoomOptions } from './create-room.ts'
import { type Member, membersOf } from './members.ts'
import { type RoomEvent, roomEventOf } from './room-event.ts'
import type { RoomMethodsParts } from './room-methods-parts.ts'
import { followOutputs, type RoomOutput, type SubscribeOptions, withoutLog } from './subscription.ts'

/** Which page of a room's past is wanted. */
export interface MessagesOptions {
  /** The `next` of the page before; left out: from the latest events. */
  readonly from?: string | undefined
  /** How many events at the most: 50 unless said otherwise, never more than 1,000. */
  readonly limit?: number | undefined
}

/** A page of a room's past. */
export interface MessagesPage {
  /** The latest first. */
  readonly events: readonly RoomEvent[]
  /** Where the next page begins; undefined: this was the last. */
  readonly next?: string
  /** Events before these that this server does not have; `operations.performBackfill` gets them from other servers. */
  readonly missing: readonly string[]
}

/** How a user joins. */
export interface JoinOptions {
  /** Other servers that may know the room. */
  readonly via?: readonly string[] | undefined
  /** What the membership event says beside the membership, such as `displayname`. */
  readonly content?: object | undefined
}

/**
 * What people do in rooms, as users of this server. A failure is thrown as a `RoomserverError` with a stable code:
 * ROOM_NOT_FOUND, NOT_ALLOWED with the rule, INVALID_ARGUMENT with the argument, COMPONENT_NOT_CONFIGURED where another
 * server is needed and there is no federation component.
 */
export interface RoomMethods {
  /** Makes a room and joins its creator. Resolves to the room ID. */
  createRoom(creator: string, options?: CreateRoomOptions): Promise<string>
  /** Sends an event that is not a state event. Resolves to its ID. */
  send(room: string, sender: string, type: string, content: object): Promise<string>
  /** Sends a state event, which replaces the one with this type and state key. Resolves to its ID. */
  sendState(room: string, sender: string, type: string, stateKey: string, content: object): Promise<string>
  /** Redacts an event: one's own, or with the level for it somebody else's. Resolves to the ID of the redaction. */
  redact(room: string, sender: string, eventId: string, reason?: string): Promise<string>
  /** Joins a user to a room, by its ID or an alias; through another server when necessary. Resolves to the room ID. */
  join(roomOrAlias: string, user: string, options?: JoinOptions): Promise<string>
  /** Takes a user out of a room, or rejects an invite. */
  leave(room: string, user: string): Promise<void>
  /** Invites a user, through their server if that is another one. Resolves to the ID of the invite. */
  invite(room: string, sender: string, user: string, content?: object): Promise<string>
  /**
   * Reads a room backwards, a page at a time: all that this server has, whoever may see it (`mayUserSee` of
   * `@roomserver/auth` says who may).
   */
  messages(room: string, options?: MessagesOptions): Promise<MessagesPage>
  /** The current state of a room. */
  state(room: string): Promise<readonly RoomEvent[]>
  /** An entry of the current state; undefined: there is none. */
  stateEvent(room: string, type: string, stateKey?: string): Promise<RoomEvent | undefined>
  /** Who is what in a room by its current state. */
  members(room: string): Promise<readonly Member[]>
  /** The position of the latest output. A reader takes it before it reads rooms, and subscribes from there. */
  position(): Promise<number>
  /**
   * Follows what happens: outputs behind a position, and new ones as they come, until the signal is aborted or the
   * engine is closed. Reads the output log in the database.
   *
   * @throws {RoomserverError} OUTPUTS_TRIMMED when outputs behind `from` have been deleted; OUTPUTS_POSITION_UNKNOWN when
   * the log did not give that position; COMPONENT_NOT_CONFIGURED when outputs go to JetStream
   */
  subscribe(options?: SubscribeOptions): AsyncGenerator<RoomOutput, void, void>
}

const PAGE = 50

const JOIN = { via: true, content: true } as const
const MESSAGES = { from: true, limit: true } as const
const SUBSCRIBE = { from: true, room: true, signal: true } as const

/** Binds the methods to what they work with. */
export function createRoomMethods(parts: RoomMethodsParts): RoomMethods {
  const { users, operations, storage, outputs, closing } = parts
  return {
    createRoom: async (creator, options) => createRoom(parts, creator, optionsArgument(options, CREATE_ROOM)),
    send: async (room, sender, type, content) => {
      const event = { type: textArgument('type', type), content: objectArgument('content', content) }
      return users.send(textArgument('room', room), { ...event, sender })
    },
    sendState: async (room, sender, type, stateKey, content) => {
      const event = { type: textArgument('type', type), content: objectArgument('content', content) }
      const template = { ...event, sender, stateKey: textArgument('stateKey', stateKey) }
      return users.send(textArgument('room', room), template)
    },
    redact: async (room, sender, eventId, reason) => {
      const said = reason === undefined ? {} : { reason: textArgument('reason', reason) }
      const template = { sender, eventId: textArgument('eventId', eventId), ...said }
      return users.redact(textArgument('room', room), template)
    },
    join: async (roomOrAlias, user, options) => {
      const { via = [], content = {} } = optionsArgument(options, JOIN)
      return users.join({
        room_id_or_alias: textArgument('roomOrAlias', roomOrAlias),
        user_id: userArgument('user', user),
        server_names: listArgument('via', via, textArgument),
        content: objectArgument('content', content),
      })
    },
    leave: async (room, user) => {
      const who = { room_id: textArgument('room', room), user_id: userArgument('user', user) }
      await operations.performLeave(who)
    },
    invite: async (room, sender, user, content = {}) => {
      const invite = { sender, target: user, content: objectArgument('content', content) }
      return users.invite(textArgument('room', room), invite)
    },
    messages: async (room, options) =>
      messages(parts, textArgument('room', room), optionsArgument(options, MESSAGES)),
    state: async (room) => stateOf(parts, textArgument('room', room)),
    stateEvent: async (room, type, stateKey = '') =>
      stateEvent(
        parts,
        textArgument('room', room),
        textArgument('type', type),
        textArgument('stateKey', stateKey),
      ),
    members: async (room) => membersOf(await stateOf(parts, textArgument('room', room))),
    position: () => positionIn(storage, outputs),
    subscribe: (options) => {
      const { from, room, signal } = optionsArgument(options, SUBSCRIBE)
      if (signal !== undefined && !(signal instanceof AbortSignal))
        throw invalidArgument('signal', 'an AbortSignal')
      const only = room === undefined ? undefined : textArgument('room', room)
      const start =
        from === undefined ? positionIn(storage, outputs) : Promise.resolve(numberArgument('from', from, 0))
      // Nobody hears of a failure until somebody reads.
      start.catch(() => undefined)
      const stop = signal === undefined ? closing : AbortSignal.any([closing, signal])
      return followOutputs(outputs, { start, room: only, stop })
    },
  }
}

async function positionIn(
  storage: RoomMethodsParts['storage'],
  { log }: Pick<Outputs, 'log'>,
): Promise<number> {
  if (log === undefined) throw withoutLog()
  return await storage.latestOutput()
}

async function messages(
  { timeline }: RoomMethodsParts,
  roomId: string,
  { from, limit = PAGE }: MessagesOptions,
): Promise<MessagesPage> {
  numberArgument('limit', limit, 1)
  const { events, ...page } = await timeline({ roomId, from, limit })
  return { ...page, events: events.map((event) => roomEventOf(event, roomId)) }
}

async function stateOf({ operations }: RoomMethodsParts, room: string): Promise<readonly RoomEvent[]> {
  const answer = await operations.queryLatestEventsAndState({ room_id: room, state_to_fetch: [] })
  if (!answer.room_exists) throw roomNotFound(room)
  return answer.state_events.map((event) => roomEventOf(event, room))
}

async function stateEvent(
  { operations }: RoomMethodsParts,
  room: string,
  type: string,
  stateKey: string,
): Promise<RoomEvent | undefined> {
  const tuple = { EventType: type, StateKey: stateKey }
  const answer = await operations.queryLatestEventsAndState({ room_id: room, state_to_fetch: [tuple] })
  if (!answer.room_exists) throw roomNotFound(room)
  const [event] = answer.state_events
  return event === undefined ? undefined : roomEventOf(event, room)
}

function roomNotFound(roomId: string): RoomserverError {
  const message = `room ${JSON.stringify(roomId)} is not known here`
  return new RoomserverError('ROOM_NOT_FOUND', { roomId }, message)
}
