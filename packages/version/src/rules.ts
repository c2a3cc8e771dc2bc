import type { RoomVersionId } from '@roomserver/types'
import { ImmutableMap } from './immutable-map.ts'

/**
 * Everything that differs between room versions. Other packages ask these questions and never compare version strings.
 *
 * @see https://spec.matrix.org/v1.19/rooms/
 */
export interface RoomVersionRules {
  /** The name of the version, such as `"10"`. */
  readonly version: RoomVersionId
  /** `unstable`: experimental, to be offered as such. */
  readonly stability: 'stable' | 'unstable'
  /** Who names events: the author (`$opaque:domain`), or the event's own hash in one of two alphabets of base64. */
  readonly eventId: 'domain' | 'hash-base64' | 'hash-base64url'
  /** Who names rooms: the creating server (`!opaque:domain`), or the create event's hash. */
  readonly roomId: 'domain' | 'create-hash'
  /** Shape of `prev_events` and `auth_events`: `[id, hashes]` pairs, or plain ids. */
  readonly eventRefs: 'id-and-hash' | 'id'
  /** The algorithm that settles which of several states holds. */
  readonly stateResolution: 'v1' | 'v2' | 'v2.1'
  /** Whether an event counts as signed only when the key was valid at its time. */
  readonly signingKeyValidity: 'ignored' | 'enforced'
  /** Floats, integers beyond 2^53-1 and `-0` are refused in events (otherwise they pass). */
  readonly strictJson: boolean
  /** Where an m.room.redaction event names its target. */
  readonly redactsIn: 'event' | 'content'
  readonly auth: AuthRules
  readonly redaction: RedactionRules
}

/** What differs in the authorization rules. @see https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules */
export interface AuthRules {
  /** A redaction is allowed by the `redact` level or to the server that sent what it redacts; later, to everybody. */
  readonly redactionNeedsPowerOrSameDomain: boolean
  /** An m.room.aliases event belongs to the server that is its state key, whatever the levels; later, it is like any. */
  readonly aliasesBelongToDomain: boolean
  /** Levels in `notifications` change under the same rule as those in `events`. */
  readonly notificationLevelsGuarded: boolean
  /** The membership `knock` and the join rule of that name. */
  readonly knocking: boolean
  /** The join rule `restricted`, and the user who lets somebody in. */
  readonly restrictedJoins: boolean
  /** The join rule `knock_restricted`. */
  readonly knockRestrictedJoins: boolean
  /** Power levels are integers; before, texts and fractions pass for them. */
  readonly integerPowerLevels: boolean
  /** Who created the room: the create event's `creator`, or its sender. */
  readonly creator: 'content' | 'sender'
  /** Creators, among them `additional_creators`, stand above every level and in no power levels event. */
  readonly creatorsOutrankAll: boolean
}

/** What differs in what redaction keeps. @see https://spec.matrix.org/v1.19/rooms/v11/#redactions */
export interface RedactionRules {
  /** `aliases` of m.room.aliases. */
  readonly keepAliases: boolean
  /** `allow` of m.room.join_rules. */
  readonly keepJoinRulesAllow: boolean
  /** `join_authorised_via_users_server` of m.room.member. */
  readonly keepMemberAuthorisingServer: boolean
  /**
   * `v11` keeps all of m.room.create, `redacts` of m.room.redaction, `invite` of m.room.power_levels and
   * `third_party_invite.signed` of m.room.member, and no longer `origin`, `membership` and `prev_state` at the top.
   */
  readonly layout: 'original' | 'v11'
}

/** What a room version has otherwise than the one that it is derived from. */
export type RoomVersionChanges = {
  readonly [K in keyof RoomVersionRules]?: RoomVersionRules[K] extends object
    ? Partial<RoomVersionRules[K]>
    : RoomVersionRules[K]
}

/**
 * The rules of a room version that are those of another one with changes, as the specification itself is written. The
 * result is frozen. `defineRoomVersion` makes it known.
 *
 * @example
 * ```ts
 * import { derive, v12 } from '@roomserver/version'
 *
 * const mine = derive(v12, 'org.example.no-knocking', { stability: 'unstable', auth: { knocking: false } })
 * console.log(mine.auth.knocking)
 * ```
 */
export function derive(
  base: RoomVersionRules,
  version: RoomVersionId,
  changes: RoomVersionChanges,
): RoomVersionRules {
  return Object.freeze({
    ...base,
    ...changes,
    version,
    auth: Object.freeze({ ...base.auth, ...changes.auth }),
    redaction: Object.freeze({ ...base.redaction, ...changes.redaction }),
  })
}

/** Room version 1. */
export const v1: RoomVersionRules = Object.freeze({
  version: '1',
  stability: 'stable',
  eventId: 'domain',
  roomId: 'domain',
  eventRefs: 'id-and-hash',
  stateResolution: 'v1',
  signingKeyValidity: 'ignored',
  strictJson: false,
  redactsIn: 'event',
  auth: Object.freeze({
    redactionNeedsPowerOrSameDomain: true,
    aliasesBelongToDomain: true,
    notificationLevelsGuarded: false,
    knocking: false,
    restrictedJoins: false,
    knockRestrictedJoins: false,
    integerPowerLevels: false,
    creator: 'content',
    creatorsOutrankAll: false,
  }),
  redaction: Object.freeze({
    keepAliases: true,
    keepJoinRulesAllow: false,
    keepMemberAuthorisingServer: false,
    layout: 'original',
  }),
})

/** Room version 2. */
export const v2: RoomVersionRules = derive(v1, '2', { stateResolution: 'v2' })
/** Room version 3. */
export const v3: RoomVersionRules = derive(v2, '3', {
  eventId: 'hash-base64',
  eventRefs: 'id',
  auth: { redactionNeedsPowerOrSameDomain: false },
})
/** Room version 4. */
export const v4: RoomVersionRules = derive(v3, '4', { eventId: 'hash-base64url' })
/** Room version 5. */
export const v5: RoomVersionRules = derive(v4, '5', { signingKeyValidity: 'enforced' })
/** Room version 6. */
export const v6: RoomVersionRules = derive(v5, '6', {
  strictJson: true,
  auth: { aliasesBelongToDomain: false, notificationLevelsGuarded: true },
  redaction: { keepAliases: false },
})
/** Room version 7. */
export const v7: RoomVersionRules = derive(v6, '7', { auth: { knocking: true } })
/** Room version 8. */
export const v8: RoomVersionRules = derive(v7, '8', {
  auth: { restrictedJoins: true },
  redaction: { keepJoinRulesAllow: true },
})
/** Room version 9. */
export const v9: RoomVersionRules = derive(v8, '9', { redaction: { keepMemberAuthorisingServer: true } })
/** Room version 10. */
export const v10: RoomVersionRules = derive(v9, '10', {
  auth: { knockRestrictedJoins: true, integerPowerLevels: true },
})
/** Room version 11. */
export const v11: RoomVersionRules = derive(v10, '11', {
  redactsIn: 'content',
  auth: { creator: 'sender' },
  redaction: { layout: 'v11' },
})
/** Room version 12. */
export const v12: RoomVersionRules = derive(v11, '12', {
  roomId: 'create-hash',
  stateResolution: 'v2.1',
  auth: { creatorsOutrankAll: true },
})

// Experimental versions that servers of 2022 offered.
const msc3667 = derive(v7, 'org.matrix.msc3667', {
  stability: 'unstable',
  auth: { integerPowerLevels: true },
})
const msc3787 = derive(v9, 'org.matrix.msc3787', {
  stability: 'unstable',
  auth: { knockRestrictedJoins: true },
})

/** Every room version of the specification, and some unstable ones, oldest first. It cannot be changed. */
export const ROOM_VERSIONS: ReadonlyMap<RoomVersionId, RoomVersionRules> = new ImmutableMap(
  [v1, v2, v3, v4, v5, v6, v7, v8, v9, v10, v11, v12, msc3667, msc3787].map((rules) => [
    rules.version,
    rules,
  ]),
)

/** Versions that the program has defined; see `defineRoomVersion`. */
const defined = new Map<RoomVersionId, RoomVersionRules>()

/** The rules of a room version; `undefined` for one that we do not know. */
export function roomVersion(version: RoomVersionId): RoomVersionRules | undefined {
  return ROOM_VERSIONS.get(version) ?? defined.get(version)
}

/** Makes rules known for as long as the process runs; they have been checked. */
export function keepDefinition(rules: RoomVersionRules): void {
  defined.set(rules.version, rules)
}
