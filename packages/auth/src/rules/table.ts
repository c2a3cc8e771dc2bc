import type { AuthRules, RoomVersionRules } from '@roomserver/version'

/** The role of an event of the room's state for the event being checked; a rejection names these events. */
export type Role =
  | 'create'
  | 'power-levels'
  | 'sender'
  | 'target'
  | 'join-rules'
  | 'third-party'
  | 'authoriser'

/** One numbered step of the authorization rules. */
export interface RuleStep {
  /** In our words, with the outcome: what the step tests and what follows, as this version has it. */
  readonly text: string | ((auth: AuthRules) => string)
  /** The step stands only in room versions with these properties; it stands in all when left out. */
  readonly when?: Partial<AuthRules & Pick<RoomVersionRules, 'roomId'>>
  /** The state that it looks at. */
  readonly reads?: readonly Role[]
}

const BY_LEVEL = ['create', 'power-levels'] as const

const guarded = (auth: AuthRules) =>
  auth.notificationLevelsGuarded ? '`events` or `notifications`' : '`events`'
const inviteRules = (auth: AuthRules) => (auth.knocking ? '`invite` or `knock`' : '`invite`')
const knockRules = (auth: AuthRules) =>
  auth.knockRestrictedJoins ? '`knock` or `knock_restricted`' : '`knock`'
const restrictedRules = (auth: AuthRules) =>
  auth.knockRestrictedJoins ? '`restricted` or `knock_restricted`' : '`restricted`'

/**
 * Every step of the authorization rules of every room version, in order of their numbers. `a/b` is a step of `a`;
 * the number of a step is its place among those of its siblings that stand in a version.
 *
 * @see https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules
 */
export const RULES = {
  create: { text: 'Type `m.room.create`:' },
  'create/prev-events': { text: 'it has `prev_events`: reject' },
  'create/room-domain': {
    text: 'the servers of `room_id` and `sender` differ: reject',
    when: { roomId: 'domain' },
  },
  'create/room-id': { text: 'it has a `room_id`: reject', when: { roomId: 'create-hash' } },
  'create/version': { text: '`room_version` is present and not a known one: reject' },
  'create/creator': { text: 'there is no `creator`: reject', when: { creator: 'content' } },
  'create/additional-creators': {
    text: '`additional_creators` is present and not a list of user IDs: reject',
    when: { creatorsOutrankAll: true },
  },
  'create/otherwise': { text: 'otherwise: allow' },

  'room-id': {
    text: '`room_id` names no accepted create event: reject',
    when: { roomId: 'create-hash' },
    reads: ['create'],
  },

  'auth-events': { text: 'The events in `auth_events`:' },
  'auth-events/duplicate': { text: 'two have the same type and state key: reject' },
  'auth-events/unexpected': { text: 'one does not belong to the selection for this event: reject' },
  'auth-events/rejected': { text: 'one was itself rejected: reject' },
  'auth-events/create': {
    text: 'there is no `m.room.create` among them: reject',
    when: { roomId: 'domain' },
  },
  'auth-events/room': { text: 'one is of another room: reject' },

  federate: {
    text: 'the create event has `m.federate` false, and its sender is of another server than this sender: reject',
    reads: ['create'],
  },

  aliases: { text: 'Type `m.room.aliases`:', when: { aliasesBelongToDomain: true } },
  'aliases/state-key': { text: 'there is no `state_key`: reject' },
  'aliases/domain': { text: "`state_key` is not the sender's server: reject" },
  'aliases/otherwise': { text: 'otherwise: allow' },

  member: { text: 'Type `m.room.member`:', reads: ['sender', 'target'] },
  'member/shape': { text: 'there is no `state_key` or no `membership`: reject' },
  'member/authorised': {
    text: 'with `join_authorised_via_users_server`:',
    when: { restrictedJoins: true },
  },
  'member/authorised/signature': { text: "that user's server has not signed the event: reject" },

  'member/join': { text: '`membership` is `join`:' },
  'member/join/creator': {
    text: (auth) =>
      `it follows the create event directly and \`state_key\` is its ${auth.creator === 'sender' ? 'sender' : '`creator`'}: allow`,
    reads: ['create'],
  },
  'member/join/other': { text: '`sender` is not `state_key`: reject' },
  'member/join/banned': { text: 'the sender is banned: reject', reads: ['sender'] },
  'member/join/invited': {
    text: (auth) =>
      `the join rule is ${inviteRules(auth)}, and the membership is \`invite\` or \`join\`: allow`,
    reads: ['join-rules', 'sender'],
  },
  'member/join/restricted': {
    text: (auth) => `the join rule is ${restrictedRules(auth)}:`,
    when: { restrictedJoins: true },
  },
  'member/join/restricted/member': {
    text: 'the membership is `join` or `invite`: allow',
    reads: ['join-rules', 'sender'],
  },
  'member/join/restricted/authoriser': {
    text: '`join_authorised_via_users_server` does not name a joined user who may invite: reject',
    reads: ['join-rules', 'sender', 'authoriser', ...BY_LEVEL],
  },
  'member/join/restricted/otherwise': { text: 'otherwise: allow', reads: ['join-rules', 'authoriser'] },
  'member/join/public': { text: 'the join rule is `public`: allow', reads: ['join-rules'] },
  'member/join/otherwise': { text: 'otherwise: reject', reads: ['join-rules', 'sender'] },

  'member/invite': { text: '`membership` is `invite`:' },
  'member/invite/third-party': { text: 'with `third_party_invite`:' },
  'member/invite/third-party/banned': { text: 'the target is banned: reject', reads: ['target'] },
  'member/invite/third-party/signed': { text: 'it has no `signed`: reject' },
  'member/invite/third-party/parts': { text: '`signed` has no `mxid` or no `token`: reject' },
  'member/invite/third-party/mxid': { text: '`mxid` is not `state_key`: reject' },
  'member/invite/third-party/token': {
    text: 'the state has no `m.room.third_party_invite` with that token: reject',
    reads: ['third-party'],
  },
  'member/invite/third-party/sender': {
    text: 'that event has another sender: reject',
    reads: ['third-party'],
  },
  'member/invite/third-party/signature': {
    text: 'a signature in `signed` fits a public key of that event: allow',
    reads: ['third-party'],
  },
  'member/invite/third-party/otherwise': { text: 'otherwise: reject', reads: ['third-party'] },
  'member/invite/sender': { text: 'the sender is not joined: reject', reads: ['sender'] },
  'member/invite/target': { text: 'the target is joined or banned: reject', reads: ['target'] },
  'member/invite/level': { text: "the sender's level reaches the invite level: allow", reads: BY_LEVEL },
  'member/invite/otherwise': { text: 'otherwise: reject', reads: BY_LEVEL },

  'member/leave': { text: '`membership` is `leave`:' },
  'member/leave/self': {
    text: (auth) =>
      `\`sender\` is \`state_key\`: allow if the membership is \`invite\`, \`join\`${auth.knocking ? ' or `knock`' : ''}, else reject`,
    reads: ['sender'],
  },
  'member/leave/sender': { text: 'the sender is not joined: reject', reads: ['sender'] },
  'member/leave/banned': {
    text: "the target is banned and the sender's level is below the ban level: reject",
    reads: ['target', ...BY_LEVEL],
  },
  'member/leave/level': {
    text: "the sender's level reaches the kick level and is above the target's: allow",
    reads: BY_LEVEL,
  },
  'member/leave/otherwise': { text: 'otherwise: reject', reads: BY_LEVEL },

  'member/ban': { text: '`membership` is `ban`:' },
  'member/ban/sender': { text: 'the sender is not joined: reject', reads: ['sender'] },
  'member/ban/level': {
    text: "the sender's level reaches the ban level and is above the target's: allow",
    reads: BY_LEVEL,
  },
  'member/ban/otherwise': { text: 'otherwise: reject', reads: BY_LEVEL },

  'member/knock': { text: '`membership` is `knock`:', when: { knocking: true } },
  'member/knock/rule': {
    text: (auth) => `the join rule is not ${knockRules(auth)}: reject`,
    reads: ['join-rules'],
  },
  'member/knock/other': { text: '`sender` is not `state_key`: reject' },
  'member/knock/allow': { text: 'the membership is not `ban`, `invite` or `join`: allow', reads: ['sender'] },
  'member/knock/otherwise': { text: 'otherwise: reject', reads: ['sender'] },

  'member/unknown': { text: 'any other membership: reject' },

  sender: { text: 'the sender is not joined: reject', reads: ['sender'] },

  'third-party-invite': { text: 'Type `m.room.third_party_invite`:' },
  'third-party-invite/level': {
    text: "allow if the sender's level reaches the invite level, else reject",
    reads: BY_LEVEL,
  },

  'required-level': { text: "the sender's level is below what the type requires: reject", reads: BY_LEVEL },
  'state-key': { text: '`state_key` starts with `@` and is not the sender: reject' },

  'power-levels': { text: 'Type `m.room.power_levels`:' },
  'power-levels/levels': {
    text: 'one of the single levels is present and not an integer: reject',
    when: { integerPowerLevels: true },
  },
  'power-levels/maps': {
    text: '`events` or `notifications` is present and not an object of integers: reject',
    when: { integerPowerLevels: true },
  },
  'power-levels/users': {
    text: (auth) =>
      `\`users\` is not an object of user IDs and integers${auth.integerPowerLevels ? '' : ' (or texts of integers)'}: reject`,
  },
  'power-levels/creators': {
    text: '`users` names a creator of the room: reject',
    when: { creatorsOutrankAll: true },
    reads: ['create'],
  },
  'power-levels/first': { text: 'the room has no power levels yet: allow', reads: ['create'] },
  'power-levels/defaults': { text: 'for each single level that is added, changed or removed:' },
  'power-levels/defaults/current': {
    text: "the current value is above the sender's level: reject",
    reads: BY_LEVEL,
  },
  'power-levels/defaults/new': { text: "the new value is above the sender's level: reject", reads: BY_LEVEL },
  'power-levels/entries-left': {
    text: (auth) => `for each entry of ${guarded(auth)} that is changed or removed:`,
  },
  'power-levels/entries-left/current': {
    text: "the current value is above the sender's level: reject",
    reads: BY_LEVEL,
  },
  'power-levels/entries-set': {
    text: (auth) => `for each entry of ${guarded(auth)} that is added or changed:`,
  },
  'power-levels/entries-set/new': {
    text: "the new value is above the sender's level: reject",
    reads: BY_LEVEL,
  },
  'power-levels/users-left': {
    text: "for each entry of `users` that is changed or removed, but for the sender's own:",
  },
  'power-levels/users-left/current': {
    text: "the current value is not below the sender's level: reject",
    reads: BY_LEVEL,
  },
  'power-levels/users-set': { text: 'for each entry of `users` that is added or changed:' },
  'power-levels/users-set/new': {
    text: "the new value is above the sender's level: reject",
    reads: BY_LEVEL,
  },
  'power-levels/otherwise': { text: 'otherwise: allow', reads: BY_LEVEL },

  redaction: { text: 'Type `m.room.redaction`:', when: { redactionNeedsPowerOrSameDomain: true } },
  'redaction/level': { text: "the sender's level reaches the redact level: allow", reads: BY_LEVEL },
  'redaction/domain': { text: 'the event IDs of the redaction and of its target are of one server: allow' },
  'redaction/otherwise': { text: 'otherwise: reject', reads: BY_LEVEL },

  otherwise: { text: 'otherwise: allow', reads: BY_LEVEL },
} as const satisfies Record<string, RuleStep>

/** The name of a step, the same in every room version. */
export type RuleKey = keyof typeof RULES
