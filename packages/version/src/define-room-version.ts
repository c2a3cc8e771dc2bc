import { invalidArgument } from '@roomserver/types'
import { keepDefinition, ROOM_VERSIONS, roomVersion, type RoomVersionRules, v1 } from './rules.ts'

/** @see https://spec.matrix.org/v1.19/rooms/#room-version-grammar */
const NAME = /^[0-9a-z.-]{1,32}$/
/** Names of digits and dots belong to the specification. */
const RESERVED = /^[0-9.]+$/

/** What a member of the rules may be, where it is one of some strings. */
const CHOICES: Readonly<Record<string, readonly string[]>> = {
  stability: ['stable', 'unstable'],
  eventId: ['domain', 'hash-base64', 'hash-base64url'],
  roomId: ['domain', 'create-hash'],
  eventRefs: ['id-and-hash', 'id'],
  stateResolution: ['v1', 'v2', 'v2.1'],
  signingKeyValidity: ['ignored', 'enforced'],
  redactsIn: ['event', 'content'],
  creator: ['content', 'sender'],
  layout: ['original', 'v11'],
}

/**
 * Makes a room version known in this process: to `roomVersion` and whatever goes by it. A version that was defined once
 * stays as it is; defining it again with the same rules changes nothing.
 *
 * @param rules - as `derive` gives them
 * @returns the rules, frozen
 * @throws {RoomserverError} INVALID_ARGUMENT that names what cannot be: the name of a version of the specification, or one
 *   that has other rules; members that are missing, unknown, or do not fit together
 * @example
 * ```ts
 * import { defineRoomVersion, derive, roomVersion, v12 } from '@roomserver/version'
 *
 * defineRoomVersion(derive(v12, 'org.example.mine', { stability: 'unstable' }))
 * console.log(roomVersion('org.example.mine')?.stability)
 * ```
 */
export function defineRoomVersion(rules: RoomVersionRules): RoomVersionRules {
  checkName(rules?.version)
  checkMembers('rules', rules, v1)
  checkTogether(rules)
  const known = roomVersion(rules.version)
  if (known !== undefined) {
    if (JSON.stringify(sorted(known)) === JSON.stringify(sorted(rules))) return known
    throw invalidArgument('version', `a name that has no other rules yet, not ${rules.version}`)
  }
  const frozen = Object.freeze({
    ...rules,
    auth: Object.freeze({ ...rules.auth }),
    redaction: Object.freeze({ ...rules.redaction }),
  })
  keepDefinition(frozen)
  return frozen
}

function checkName(version: unknown): void {
  if (typeof version !== 'string' || !NAME.test(version)) {
    throw invalidArgument('version', 'a name of at most 32 characters: a to z, digits, dots and hyphens')
  }
  if (RESERVED.test(version) || ROOM_VERSIONS.has(version)) {
    throw invalidArgument('version', `a name of your own such as org.example.${version}: ${version} is taken`)
  }
}

/** Compares the members with those of version 1, which has all of them. */
function checkMembers(path: string, value: object, like: object): void {
  const [given, expected] = [new Map(Object.entries(value)), new Map(Object.entries(like))]
  for (const name of given.keys()) {
    if (!expected.has(name)) throw invalidArgument(`${path}.${name}`, 'no such member')
  }
  for (const [name, example] of expected) checkMember(`${path}.${name}`, given.get(name), name, example)
}

function checkMember(path: string, value: unknown, name: string, example: unknown): void {
  const choices = CHOICES[name]
  if (typeof value !== typeof example || value === null) throw invalidArgument(path, `a ${typeof example}`)
  if (typeof value === 'object' && value !== null) checkMembers(path, value, example as object)
  if (typeof value === 'string' && choices?.includes(value) === false)
    throw invalidArgument(path, choices.join(' or '))
}

/** What one member says and another one takes for granted. */
function checkTogether({
  auth,
  eventId,
  eventRefs,
  roomId,
  stateResolution,
  strictJson,
}: RoomVersionRules): void {
  if (roomId === 'create-hash' && eventId === 'domain')
    throw invalidArgument(
      'rules.eventId',
      'a hash, because rooms are named after the hash of their create event',
    )
  if ((eventRefs === 'id-and-hash') !== (eventId === 'domain'))
    throw invalidArgument('rules.eventRefs', 'id-and-hash where authors name events, and id where hashes do')
  if (auth.creatorsOutrankAll && !(auth.integerPowerLevels && strictJson))
    throw invalidArgument(
      'rules.auth.integerPowerLevels',
      'true, with strictJson, where creators stand above all levels',
    )
  if (auth.knockRestrictedJoins && !(auth.knocking && auth.restrictedJoins))
    throw invalidArgument('rules.auth.knockRestrictedJoins', 'false without knocking and restrictedJoins')
  if (stateResolution === 'v2.1' && roomId !== 'create-hash')
    throw invalidArgument(
      'rules.stateResolution',
      'v1 or v2 where the room ID does not name the create event',
    )
}

function sorted(rules: RoomVersionRules): unknown {
  const bySection = Object.entries(rules).map(([name, value]) => [
    name,
    typeof value === 'object' ? Object.entries(value).toSorted(byName) : value,
  ])
  return bySection.toSorted(byName)
}

function byName([a]: readonly unknown[], [b]: readonly unknown[]): number {
  return String(a) < String(b) ? -1 : 1
}
