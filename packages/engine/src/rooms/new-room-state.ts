import type { NewStateEvent } from '@roomserver/core'
import type { JsonObject, JsonValue } from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'

/** Who may come into a room, in the words of `POST /createRoom`. */
export type RoomPreset = 'private_chat' | 'trusted_private_chat' | 'public_chat'

/** What decides about the first state of a room. */
export interface NewRoomState {
  readonly creator: string
  readonly preset: RoomPreset
  readonly invite: readonly string[]
  readonly name?: string | undefined
  readonly topic?: string | undefined
  readonly alias?: string | undefined
  readonly creationContent: JsonObject
  /** Replaces entries of the default power levels. */
  readonly powerLevels: JsonObject
  readonly state: readonly NewStateEvent[]
}

/**
 * The state events of a new room, in the order in which servers send them.
 *
 * @see https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3createroom
 */
export function newRoomState(room: NewRoomState, rules: RoomVersionRules): readonly NewStateEvent[] {
  const { creator, alias, name, topic } = room
  const entries = [
    state('m.room.create', createContent(room, rules)),
    state('m.room.member', { membership: 'join' }, creator),
    state('m.room.power_levels', powerLevels(room, rules)),
    ...(alias === undefined ? [] : [state('m.room.canonical_alias', { alias })]),
    ...presetState(room.preset),
    ...room.state,
    ...(name === undefined ? [] : [state('m.room.name', { name })]),
    ...(topic === undefined ? [] : [state('m.room.topic', { topic })]),
  ]
  return withoutRepeats(entries)
}

/** What is said of an entry later goes before what the preset says of it. */
function withoutRepeats(entries: readonly NewStateEvent[]): readonly NewStateEvent[] {
  const last = new Map(entries.map((entry, at) => [`${entry.type}\0${entry.stateKey}`, at]))
  const isFounding = (at: number) => at < 3
  return entries.filter(({ type, stateKey }, at) => isFounding(at) || last.get(`${type}\0${stateKey}`) === at)
}

function state(type: string, content: JsonObject, stateKey = ''): NewStateEvent {
  return { type, stateKey, content }
}

function createContent(room: NewRoomState, { version, auth }: RoomVersionRules): JsonObject {
  const { creator, invite, preset, creationContent } = room
  const areCreators = auth.creatorsOutrankAll && preset === 'trusted_private_chat' && invite.length > 0
  return {
    ...creationContent,
    ...(auth.creator === 'content' && { creator }),
    ...(areCreators && { additional_creators: [...new Set([...listed(creationContent), ...invite])] }),
    room_version: version,
  }
}

function listed({ additional_creators: creators }: JsonObject): readonly JsonValue[] {
  return Array.isArray(creators) ? creators : []
}

/** Levels as other servers give them to new rooms. */
function powerLevels(
  { creator, invite, preset, powerLevels: given }: NewRoomState,
  { auth }: RoomVersionRules,
): JsonObject {
  const equals = preset === 'trusted_private_chat' ? invite : []
  const users = auth.creatorsOutrankAll
    ? {}
    : Object.fromEntries([creator, ...equals].map((user) => [user, CREATOR_LEVEL]))
  return {
    users,
    users_default: 0,
    events: { ...EVENT_LEVELS, 'm.room.tombstone': auth.creatorsOutrankAll ? 150 : 100 },
    events_default: 0,
    state_default: 50,
    ban: 50,
    kick: 50,
    redact: 50,
    invite: preset === 'public_chat' ? 50 : 0,
    ...given,
  }
}

const CREATOR_LEVEL = 100

const EVENT_LEVELS: JsonObject = {
  'm.room.name': 50,
  'm.room.power_levels': 100,
  'm.room.history_visibility': 100,
  'm.room.canonical_alias': 50,
  'm.room.avatar': 50,
  'm.room.server_acl': 100,
  'm.room.encryption': 100,
}

/** @see https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3createroom */
function presetState(preset: RoomPreset): readonly NewStateEvent[] {
  const isPublic = preset === 'public_chat'
  return [
    state('m.room.join_rules', { join_rule: isPublic ? 'public' : 'invite' }),
    state('m.room.history_visibility', { history_visibility: 'shared' }),
    state('m.room.guest_access', { guest_access: isPublic ? 'forbidden' : 'can_join' }),
  ]
}
