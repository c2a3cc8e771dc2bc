import type { NewStateEvent } from '@roomserver/core'
import { isJsonObject, type JsonObject, RoomserverError } from '@roomserver/types'
import { newRoomState, type RoomPreset } from './new-room-state.ts'
import type { RoomMethodsParts } from './room-methods-parts.ts'

/** A state event of a new room, beyond what its preset has. */
export interface InitialStateEvent {
  readonly type: string
  /** Empty unless said otherwise. */
  readonly stateKey?: string | undefined
  readonly content: object
}

/**
 * How a room is made; the members are those of the client API.
 *
 * @see https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3createroom
 */
export interface CreateRoomOptions {
  /** The room version; left out: the default of `queryRoomVersionCapabilities`. */
  readonly version?: string | undefined
  /** Who may come in; `private_chat` unless said otherwise. */
  readonly preset?: RoomPreset | undefined
  readonly name?: string | undefined
  readonly topic?: string | undefined
  /** An alias of this server, which becomes the canonical one. */
  readonly alias?: string | undefined
  /** Users who are invited. */
  readonly invite?: readonly string[] | undefined
  /** The invites say that it is a conversation of two. */
  readonly isDirect?: boolean | undefined
  /** Whether it is listed in the room directory of this server; no by default. */
  readonly isPublished?: boolean | undefined
  /** Goes before what the preset says. */
  readonly initialState?: readonly InitialStateEvent[] | undefined
  /** Replaces entries of the default power levels. */
  readonly powerLevels?: object | undefined
  /** What the create event says beside version and creator, such as `m.federate` and `type`. */
  readonly creationContent?: object | undefined
}

/** Makes a room, gives it its alias and invites users. */
export async function createRoom(
  { users, operations }: Pick<RoomMethodsParts, 'users' | 'operations'>,
  creator: string,
  options: CreateRoomOptions,
): Promise<string> {
  const { version, alias, invite = [], isDirect = false, isPublished = false } = options
  if (alias !== undefined) await expectFree(operations, alias)
  const room = { ...stateOptions(options), creator, invite }
  const roomId = await users.createRoom({ creator, version, state: (rules) => newRoomState(room, rules) })
  if (alias !== undefined) {
    const { alias_exists: isTaken } = await operations.setRoomAlias({
      user_id: creator,
      alias,
      room_id: roomId,
    })
    if (isTaken) throw takenAlias(alias)
  }
  if (isPublished) await operations.performPublish({ RoomID: roomId, Visibility: 'public' })
  const content = isDirect ? { is_direct: true } : {}
  for (const target of invite) await users.invite(roomId, { sender: creator, target, content })
  return roomId
}

function stateOptions(options: CreateRoomOptions) {
  const { name, topic, alias, preset = 'private_chat', initialState = [] } = options
  return {
    name,
    topic,
    alias,
    preset: checkedPreset(preset),
    creationContent: object('creationContent', options.creationContent ?? {}),
    powerLevels: object('powerLevels', options.powerLevels ?? {}),
    state: initialState.map(stateEvent),
  }
}

const PRESETS: readonly RoomPreset[] = ['private_chat', 'trusted_private_chat', 'public_chat']

function checkedPreset(preset: RoomPreset): RoomPreset {
  if (PRESETS.includes(preset)) return preset
  throw invalid('preset', `one of ${PRESETS.join(', ')}`)
}

/** What makes a room is not for its initial state: it would come after it. */
const FOUNDING: readonly string[] = ['m.room.create', 'm.room.member', 'm.room.power_levels']

function stateEvent({ type, stateKey = '', content }: InitialStateEvent): NewStateEvent {
  if (FOUNDING.includes(type)) {
    throw invalid('initialState', `no ${type}; use creationContent, invite and powerLevels`)
  }
  return { type, stateKey, content: object('initialState', content) }
}

function object(argument: string, value: object): JsonObject {
  if (isJsonObject(value)) return value
  throw invalid(argument, 'an object')
}

async function expectFree(operations: RoomMethodsParts['operations'], alias: string): Promise<void> {
  const { room_id: holder } = await operations.getRoomIdForAlias({ alias, include_appservices: false })
  if (holder !== '') throw takenAlias(alias)
}

function takenAlias(alias: string): RoomserverError {
  return invalid('alias', `an alias that is free, not ${alias}`)
}

function invalid(argument: string, expected: string): RoomserverError {
  return new RoomserverError('INVALID_ARGUMENT', { argument, expected }, `${argument}: expected ${expected}`)
}
