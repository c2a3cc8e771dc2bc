import {
  type EventId,
  invalidArgument,
  isLongerThan,
  type JsonObject,
  type RoomId,
  serverOf,
  type UserId,
} from '@roomserver/types'
import { checkRules, type RoomVersionRules } from '@roomserver/version'
import { canonicalJson } from './json/canonical-json.ts'
import { contentHash, contentHashMatches, referenceHash, signedText } from './hashes.ts'
import { type Members, membersOf, memberText, withMember } from './json/members.ts'
import { MAX_EVENT_BYTES } from './limits.ts'
import { parseJson } from './json/parse.ts'
import { parsePdu, type PduVerdict } from './parse-pdu.ts'
import type { Pdu } from './pdu.ts'
import { type EventJson, eventMembers, federationMembers, malformed } from './event-members.ts'
import { stateOfContent } from './raw-event.ts'
import { checkPdu } from './text-pdu.ts'
import { checkKey, type SigningKey, signText } from './signed-json.ts'

/** An earlier event as a new one refers to it; room versions 1 and 2 name its reference hash too. */
export interface EventRef {
  readonly eventId: EventId
  /** The reference hash; only room versions 1 and 2 want it. */
  readonly sha256?: string | undefined
}

/** What its author says about a new event; hashes and signatures are worked out. */
export interface EventDraft {
  /** Left out for the create event of a version 12 room, whose ID comes from the event. */
  readonly roomId?: RoomId | undefined
  /** Room versions 1 and 2 only, where the author gives the event its ID. */
  readonly eventId?: EventId | undefined
  readonly type: string
  readonly sender: UserId
  /** Left out: no state event. */
  readonly stateKey?: string | undefined
  readonly content: object
  readonly prevEvents: readonly EventRef[]
  readonly authEvents: readonly EventRef[]
  readonly depth: number
  /** Milliseconds since the epoch. */
  readonly originServerTs: number
  /** The server that made the event. No longer part of the specification, but servers of 2022 look for it. */
  readonly origin?: string | undefined
  /** What an m.room.redaction redacts; put where the room version has it. */
  readonly redacts?: EventId | undefined
  readonly unsigned?: JsonObject | undefined
}

/** How a later event of the same room refers to this one. */
export function eventRef(event: Pdu): EventRef {
  checkPdu('event', event)
  if (event.rules.eventRefs === 'id') return { eventId: event.eventId }
  return { eventId: event.eventId, sha256: referenceHash(eventMembers(event.json), event.rules) }
}

/**
 * Makes an event: fills in hashes, signs it, and checks the result as {@link parsePdu} does, since what a client wants
 * in its event can be too long or not canonical. Refuses a sender who is not of the key's server: a
 * server's signature says that one of its own users sent the event.
 *
 * @throws {RoomserverError} MALFORMED_EVENT when the draft has no canonical form; INVALID_ARGUMENT
 * @see https://spec.matrix.org/v1.19/server-server-api/#signing-events
 * @example
 * ```ts
 * import { buildEvent } from '@roomserver/events'
 * import { requireRoomVersion } from '@roomserver/version'
 *
 * const draft = {
 *   type: 'm.room.message',
 *   roomId: '!room:example.org',
 *   sender: '@alice:example.org',
 *   content: { msgtype: 'm.text', body: 'hello' },
 *   prevEvents: [{ eventId: '$before' }],
 *   authEvents: [{ eventId: '$create' }, { eventId: '$levels' }, { eventId: '$alice' }],
 *   depth: 12,
 *   originServerTs: Date.now(),
 * }
 * const key = { server: 'example.org', keyId: 'ed25519:1', seed: 'A'.repeat(43) }
 * const verdict = await buildEvent(draft, requireRoomVersion('11'), key)
 * console.log(verdict.ok ? verdict.pdu.json : verdict.reason)
 * ```
 */
export async function buildEvent(
  draft: EventDraft,
  rules: RoomVersionRules,
  key: SigningKey,
): Promise<PduVerdict> {
  checkRules('rules', rules)
  checkKey(key)
  if (typeof draft?.sender !== 'string') throw invalidArgument('draft.sender', 'the user who sends the event')
  if (serverOf(draft.sender) !== key.server) {
    const reason = `${draft.sender} does not belong to ${key.server}, whose key signs the event`
    return { ok: false, rule: 'build.sender', reason }
  }
  for (const name of ['prevEvents', 'authEvents'] as const) checkReferences(`draft.${name}`, draft[name])
  const unsigned = canonicalJson(eventJson(draft, rules), rules.strictJson ? 'strict' : 'lenient')
  if (isLongerThan(unsigned, MAX_EVENT_BYTES)) return tooLong()
  return parsePdu(await withSignature(withHash(eventMembers(unsigned)), rules, key), rules)
}

/** @throws {RoomserverError} INVALID_ARGUMENT */
function checkReferences(argument: string, refs: readonly EventRef[]): void {
  if (Array.isArray(refs) && refs.every((ref: EventRef) => typeof ref?.eventId === 'string')) return
  throw invalidArgument(argument, 'a list of { eventId }, as eventRef makes them')
}

function withHash(event: Members): Members {
  const text = withMember(event.text, 'hashes', canonicalJson({ sha256: contentHash(event) }))
  return membersOf(text) ?? event
}

/** What is too long without its hash and signature is so with them. */
function tooLong(): PduVerdict {
  return { ok: false, rule: 'format.size', reason: `the event has more than ${MAX_EVENT_BYTES} bytes` }
}

/** What is done with an event whose content does not have the hash that it names. */
export interface SignOptions {
  /** `true`: it is signed as it is, and servers will take it in its redacted form. Refused unless said otherwise. */
  readonly keepWrongHash?: boolean | undefined
}

/**
 * Adds a server's signature to an event, beside those that it has; and its content hash, if it has none. The hash of an event
 * that was changed is not corrected: in most room versions that would be another event, with another ID.
 *
 * @returns the event, canonical JSON
 * @throws {RoomserverError} MALFORMED_EVENT when `event` is not a JSON object, is in the format of clients, or its content
 *   does not have the hash that it names
 * @see https://spec.matrix.org/v1.19/server-server-api/#signing-events
 * @example
 * ```ts
 * import { signEvent } from '@roomserver/events'
 * import { requireRoomVersion } from '@roomserver/version'
 *
 * declare const json: string // an event as servers send it
 * const key = { server: 'example.org', keyId: 'ed25519:1', seed: 'A'.repeat(43) }
 * console.log(await signEvent(json, requireRoomVersion('11'), key))
 * ```
 */
export async function signEvent(
  event: EventJson,
  rules: RoomVersionRules,
  key: SigningKey,
  { keepWrongHash = false }: SignOptions = {},
): Promise<string> {
  checkRules('rules', rules)
  const members = federationMembers(event, rules)
  if (memberText(members, 'hashes') === undefined) return await withSignature(withHash(members), rules, key)
  if (keepWrongHash || contentHashMatches(members) || stateOfContent(members, rules) === 'redacted')
    return await withSignature(members, rules, key)
  return malformed(
    'hashes',
    'its content was changed after it was hashed; remove hashes to have it hashed anew',
  )
}

async function withSignature(members: Members, rules: RoomVersionRules, key: SigningKey): Promise<string> {
  const signature = await signText(signedText(members, rules), key)
  const signatures = new Map(entriesOf(memberText(members, 'signatures')))
  const own = { ...Object.fromEntries(entriesOf(signatures.get(key.server))), [key.keyId]: signature }
  signatures.set(key.server, own)
  return withMember(members.text, 'signatures', canonicalJson(Object.fromEntries(signatures)))
}

function entriesOf(value: unknown): [string, unknown][] {
  const object: unknown = typeof value === 'string' ? parseJson(value) : value
  return typeof object === 'object' && object !== null ? Object.entries(object) : []
}

function eventJson(draft: EventDraft, rules: RoomVersionRules): Record<string, unknown> {
  const redactsInContent = draft.redacts !== undefined && rules.redactsIn === 'content'
  return {
    auth_events: references(draft.authEvents, rules),
    content: redactsInContent ? { ...draft.content, redacts: draft.redacts } : draft.content,
    depth: draft.depth,
    event_id: rules.eventId === 'domain' ? draft.eventId : undefined,
    origin: draft.origin,
    origin_server_ts: draft.originServerTs,
    prev_events: references(draft.prevEvents, rules),
    redacts: redactsInContent ? undefined : draft.redacts,
    room_id: draft.roomId,
    sender: draft.sender,
    state_key: draft.stateKey,
    type: draft.type,
    unsigned: draft.unsigned,
  }
}

function references(refs: readonly EventRef[], rules: RoomVersionRules): readonly unknown[] {
  return refs.map((ref) =>
    rules.eventRefs === 'id'
      ? ref.eventId
      : [ref.eventId, ref.sha256 === undefined ? {} : { sha256: ref.sha256 }],
  )
}
