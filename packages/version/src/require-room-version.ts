import { invalidArgument, isJsonObject, RoomserverError, type RoomVersionId } from '@roomserver/types'
import { roomVersion, type RoomVersionRules } from './rules.ts'

/**
 * The rules of a room version that has to be known.
 *
 * @throws {RoomserverError} UNSUPPORTED_ROOM_VERSION; INVALID_ARGUMENT when `version` is not a string
 * @example
 * ```ts
 * import { requireRoomVersion } from '@roomserver/version'
 *
 * console.log(requireRoomVersion('12').stateResolution) // v2.1
 * ```
 */
export function requireRoomVersion(version: RoomVersionId): RoomVersionRules {
  if (typeof version !== 'string')
    throw invalidArgument('version', 'the name of a room version, such as "10"')
  const rules = roomVersion(version)
  if (rules !== undefined) return rules
  throw new RoomserverError('UNSUPPORTED_ROOM_VERSION', { version }, `room version ${version} is not known`)
}

/**
 * The rules of the version that a create event gives its room: its `room_version`, or 1 where it has none. A redacted
 * create event of a version before 11 has lost it.
 *
 * @param create - the `m.room.create` event, in whatever format; only its content is read
 * @throws {RoomserverError} UNSUPPORTED_ROOM_VERSION; INVALID_ARGUMENT when it is another event or has no content
 * @see https://spec.matrix.org/v1.19/client-server-api/#mroomcreate
 * @example
 * ```ts
 * import { roomVersionOf } from '@roomserver/version'
 *
 * console.log(roomVersionOf({ type: 'm.room.create', content: { room_version: '11' } }).version)
 * ```
 */
export function roomVersionOf(create: {
  readonly type?: string | undefined
  readonly content: object
}): RoomVersionRules {
  const content: unknown = create?.content
  if (!isJsonObject(content)) throw invalidArgument('create', 'an m.room.create event with its content')
  if (create.type !== undefined && create.type !== 'm.room.create') {
    throw invalidArgument('create', `an m.room.create event, not ${create.type}`)
  }
  const version = Object.hasOwn(content, 'room_version') ? content['room_version'] : '1'
  if (typeof version === 'string') return requireRoomVersion(version)
  throw new RoomserverError(
    'UNSUPPORTED_ROOM_VERSION',
    { version: JSON.stringify(version) },
    'the room_version of the create event is not a string',
  )
}

/**
 * The rules that an argument names or is.
 *
 * @throws {RoomserverError} INVALID_ARGUMENT for something else; UNSUPPORTED_ROOM_VERSION
 */
export function rulesArgument(argument: string, value: RoomVersionId | RoomVersionRules): RoomVersionRules {
  if (typeof value === 'string') return requireRoomVersion(value)
  checkRules(argument, value)
  return value
}

/**
 * Checks that an argument holds the rules of a room version; callers without types may pass its name, or nothing.
 *
 * @throws {RoomserverError} INVALID_ARGUMENT
 */
export function checkRules(argument: string, value: RoomVersionRules): void {
  if (value?.auth !== undefined && value.redaction !== undefined) return
  throw invalidArgument(argument, 'the rules of a room version, as roomVersion(version) gives them')
}
