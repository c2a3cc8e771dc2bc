import type { RoomVersionId } from '@roomserver/types'

/** Everything that differs between room versions. Other packages ask these questions and never compare version strings. */
export interface RoomVersionRules {
  readonly version: RoomVersionId
  readonly stability: 'stable' | 'unstable'
  readonly eventId: 'domain' | 'hash-base64' | 'hash-base64url'
  readonly roomId: 'domain' | 'create-hash'
  /** Shape of `prev_events` and `auth_events`: `[id, hashes]` pairs, or plain ids. */
  readonly eventRefs: 'id-and-hash' | 'id'
  readonly stateResolution: 'v1' | 'v2' | 'v2.1'
  readonly signingKeyValidity: 'ignored' | 'enforced'
  /** Floats, integers beyond 2^53-1 and `-0` are refused in events (otherwise they pass). */
  readonly strictJson: boolean
  /** Where an m.room.redaction event names its target. */
  readonly redactsIn: 'event' | 'content'
  readonly auth: AuthRules
  readonly redaction: RedactionRules
}

export interface AuthRules {
  readonly redactionNeedsPowerOrSameDomain: boolean
  readonly aliasesBelongToDomain: boolean
  readonly notificationLevelsGuarded: boolean
  readonly knocking: boolean
  readonly restrictedJoins: boolean
  readonly knockRestrictedJoins: boolean
  readonly integerPowerLevels: boolean
  readonly creator: 'content' | 'sender'
  readonly creatorsOutrankAll: boolean
}

export interface RedactionRules {
  readonly keepAliases: boolean
  readonly keepJoinRulesAllow: boolean
  readonly keepMemberAuthorisingServer: boolean
  readonly layout: 'original' | 'v11'
}

type Changes = {
  readonly [K in keyof RoomVersionRules]?: RoomVersionRules[K] extends object
    ? Partial<RoomVersionRules[K]>
    : RoomVersionRules[K]
}

/** The next version is the previous one plus a change list, as the specification itself is written. */
function derive(base: RoomVersionRules, version: string, changes: Changes): RoomVersionRules {
  return Object.freeze({
    ...base,
    ...changes,
    version,
    auth: Object.freeze({ ...base.auth, ...changes.auth }),
    redaction: Object.freeze({ ...base.redaction, ...changes.redaction }),
  })
}

const v1: RoomVersionRules = Object.freeze({
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

const v2 = derive(v1, '2', { stateResolution: 'v2' })
const v3 = derive(v2, '3', {
  eventId: 'hash-base64',
  eventRefs: 'id',
  auth: { redactionNeedsPowerOrSameDomain: false },
})
const v4 = derive(v3, '4', { eventId: 'hash-base64url' })
const v5 = derive(v4, '5', { signingKeyValidity: 'enforced' })
const v6 = derive(v5, '6', {
  strictJson: true,
  auth: { aliasesBelongToDomain: false, notificationLevelsGuarded: true },
  redaction: { keepAliases: false },
})
const v7 = derive(v6, '7', { auth: { knocking: true } })
const v8 = derive(v7, '8', { auth: { restrictedJoins: true }, redaction: { keepJoinRulesAllow: true } })
const v9 = derive(v8, '9', { redaction: { keepMemberAuthorisingServer: true } })
const v10 = derive(v9, '10', { auth: { knockRestrictedJoins: true, integerPowerLevels: true } })
const v11 = derive(v10, '11', {
  redactsIn: 'content',
  auth: { creator: 'sender' },
  redaction: { layout: 'v11' },
})
const v12 = derive(v11, '12', {
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

/** Every room version we know, oldest first. */
export const ROOM_VERSIONS: ReadonlyMap<RoomVersionId, RoomVersionRules> = new Map(
  [v1, v2, v3, v4, v5, v6, v7, v8, v9, v10, v11, v12, msc3667, msc3787].map((rules) => [
    rules.version,
    rules,
  ]),
)

/** The rules of a room version; `undefined` for one that we do not know. */
export function roomVersion(version: RoomVersionId): RoomVersionRules | undefined {
  return ROOM_VERSIONS.get(version)
}
