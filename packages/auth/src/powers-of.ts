import {
  invalidArgument,
  isJsonObject,
  isPlainObject,
  type JsonObject,
  type RoomVersionId,
} from '@roomserver/types'
import { type RoomVersionRules, rulesArgument } from '@roomserver/version'
import type { CreateEvent } from './levels.ts'
import { checkSameVersion, type Powers, powersFrom } from './powers.ts'

/** What says who may do what in a room, as clients have it. */
export interface PowerContents {
  /** The version of the room, or its rules. */
  readonly version: RoomVersionId | RoomVersionRules
  /** The `m.room.create` event, in any format: who sent it, and its content. */
  readonly create: { readonly sender: string; readonly content: object }
  /** The content of `m.room.power_levels`; left out where the room has none. */
  readonly powerLevels?: object | undefined
}

/**
 * Who may do what in a room, of the plain contents of two state events.
 *
 * @throws {RoomserverError} INVALID_ARGUMENT when a part is missing or is something else, such as an event for its content, or
 *   the version is not the one that the create event gives the room; UNSUPPORTED_ROOM_VERSION
 * @see https://spec.matrix.org/v1.19/client-server-api/#mroompower_levels
 * @example
 * ```ts
 * import { powersOf } from '@roomserver/auth'
 *
 * const create = { sender: '@alice:example.org', content: { room_version: '12' } }
 * const powers = powersOf({ version: '12', create, powerLevels: { users: { '@bot:example.org': 50 } } })
 * console.log(powers.can('@bot:example.org', 'ban', '@eve:evil.org'), powers.creators)
 * ```
 */
export function powersOf(contents: PowerContents): Powers {
  const { version, create, powerLevels } = contents ?? {}
  const rules = rulesArgument('version', version)
  const checked = createArgument(create)
  const named = checked.content['room_version']
  checkSameVersion('version', rules, typeof named === 'string' ? named : undefined)
  const content = powerLevels === undefined ? undefined : contentArgument(powerLevels)
  return powersFrom({ rules, create: checked, powerLevels: content && { content } })
}

function createArgument(create: PowerContents['create']): CreateEvent {
  const { sender, content } = create ?? {}
  if (typeof sender !== 'string' || !sender.startsWith('@'))
    throw invalidArgument('create.sender', 'the user who sent the create event')
  if (!isPlainObject(content)) throw invalidArgument('create.content', 'the content of the create event')
  return { sender, content }
}

function contentArgument(content: unknown): JsonObject {
  if (!isPlainObject(content)) throw invalidArgument('powerLevels', 'the content of m.room.power_levels')
  if (typeof content['type'] === 'string' && isJsonObject(content['content']))
    throw invalidArgument(
      'powerLevels',
      `the content of m.room.power_levels, not the event of ${content['type']}`,
    )
  return content
}
