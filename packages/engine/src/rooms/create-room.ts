import type { NewStateEvent } from '@roomserver/core'
import { invalidArgument, RoomserverError, serverOf } from '@roomserver/types'
import { aliasArgument, listArgument, objectArgument, textArgument, userArgument } from '../arguments.ts'
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
 * How a room is made: what `/createRoom` of the client API has, by names of TypeScript. Options of other names are refused.
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

/** The options that there are. */
export const CREATE_ROOM: Readonly<Record<keyof CreateRoomOptions, true>> = {
  version: true,
  preset: true,
  name: true,
  topic: true,
  alias: true,
  invite: true,
  isDirect: true,
  isPublished: true,
  initialState: true,
  powerLevels: true,
  creationContent: true,
}

/**
 * Makes a room, gives it its alias and invites users. A room stays where a server of an invited user refuses the invite.
 */
export async function createRoom(
  parts: RoomMethodsParts,
  creator: string,
  options: CreateRoomOptions,
): Promise<string> {
  const { users, operations } = parts
  const { version, isDirect = false, isPublished = false } = options
  const room = { ...stateOptions(parts, options), creator }
  const { alias, invite } = room
  if (alias !== undefined) await expectFree(operations, alias)
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

/** Checks the options, before anything is made. */
function stateOptions(
  { serverName, isFederated }: Pick<RoomMethodsParts, 'serverName' | 'isFederated'>,
  options: CreateRoomOptions,
) {
  const { name, topic, alias, preset = 'private_chat', initialState = [], invite = [] } = options
  const invited = [...new Set(listArgument('invite', invite, userArgument))]
  const stranger = invited.find((user) => serverOf(user) !== serverName)
  if (stranger !== undefined && !isFederated) throw withoutFederation(stranger)
  return {
    name: name === undefined ? undefined : textArgument('name', name),
    topic: topic === undefined ? undefined : textArgument('topic', topic),
    alias: alias === undefined ? undefined : aliasArgument('alias', alias, serverName),
    invite: invited,
    preset: checkedPreset(preset),
    creationContent: objectArgument('creationContent', options.creationContent ?? {}),
    powerLevels: objectArgument('powerLevels', options.powerLevels ?? {}),
    state: listArgument('initialState', initialState, stateEvent),
  }
}

const PRESETS: readonly RoomPreset[] = ['private_chat', 'trusted_private_chat', 'public_chat']

function checkedPreset(preset: RoomPreset): RoomPreset {
  if (PRESETS.includes(preset)) return preset
  throw invalidArgument('preset', `one of ${PRESETS.join(', ')}`)
}

/** What makes a room is not for its initial state: it would come after it. */
const FOUNDING: readonly string[] = ['m.room.create', 'm.room.member', 'm.room.power_levels']

function stateEvent(argument: string, value: unknown): NewStateEvent {
  const { type, stateKey = '', content } = objectArgument(argument, value)
  if (typeof type === 'string' && FOUNDING.includes(type)) {
    throw invalidArgument(argument, `no ${type}; use creationContent, invite and powerLevels`)
  }
  return {
    type: textArgument(`${argument}.type`, type),
    stateKey: textArgument(`${argument}.stateKey`, stateKey),
    content: objectArgument(`${argument}.content`, content),
  }
}

async function expectFree(operations: RoomMethodsParts['operations'], alias: string): Promise<void> {
  const { room_id: holder } = await operations.getRoomIdForAlias({ alias, include_appservices: false })
  if (holder !== '') throw takenAlias(alias)
}

function takenAlias(alias: string): RoomserverError {
  return invalidArgument('alias', `an alias that is free, not ${alias}`)
}

function withoutFederation(user: string): RoomserverError {
  const operation = `inviting ${user}, a user of another server,`
  const message = `${operation} needs the federation component, but none is configured`
  return new RoomserverError('COMPONENT_NOT_CONFIGURED', { component: 'federation', operation }, message)
}
