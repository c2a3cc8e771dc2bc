import { BodyDecoder, decode, InputRoomEventsRequest, PerformJoinRequest } from '@roomserver/api'
import { compileServerAcl, globMatches } from '@roomserver/acls'
import { authStateOf, checkAuth, checkAuthEvents, powersIn } from '@roomserver/auth'
import {
  canonicalizeJson,
  canonicalJson,
  contentHash,
  decodeBase64,
  encodeBase64,
  headeredJson,
  parsePdu,
  type Pdu,
  redactEvent,
  redactJson,
  referenceHash,
  trustedPdu,
  verifySignatures,
  withUnsigned,
} from '@roomserver/events'
import {
  isAuthoredEventId,
  isFailure,
  isLongerThan,
  isServerName,
  isUserId,
  type JsonObject,
  type ServerName,
  serverOf,
} from '@roomserver/types'
import { ROOM_VERSIONS, type RoomVersionRules } from '@roomserver/version'

/** Something that is done with a text by a stranger. */
export type Reader = (text: string) => unknown

/** The bounded name that a server's ACL is asked about. */
const LONGEST_NAME = 'a'.repeat(255) as ServerName
const [LENIENT, STRICT] = ['1', '12'].map((version) => ROOM_VERSIONS.get(version)) as [
  RoomVersionRules,
  RoomVersionRules,
]

const create = trustedPdu(
  { type: 'm.room.create', sender: '@a:a', room_id: '!r:a', state_key: '', content: { creator: '@a:a' } },
  '$create:a',
  LENIENT,
)
const member = trustedPdu(
  {
    type: 'm.room.member',
    sender: '@a:a',
    room_id: '!r:a',
    state_key: '@a:a',
    content: { membership: 'join' },
  },
  '$member:a',
  LENIENT,
)

/** An event with a member set to what a stranger wrote; the rest is as it should be. */
function eventText(members: Readonly<Record<string, string>>, rules: RoomVersionRules): string {
  const whole: Record<string, string> = {
    auth_events: '[]',
    content: '{}',
    depth: '5',
    hashes: '{"sha256":"AAAA"}',
    origin_server_ts: '5',
    prev_events: '[]',
    room_id: '"!r:a"',
    sender: '"@a:a"',
    signatures: '{}',
    state_key: '""',
    type: '"m.room.power_levels"',
    ...(rules.eventId === 'domain' && { event_id: '"$e:a"' }),
    ...members,
  }
  return `{${Object.entries(whole)
    .map(([name, value]) => `"${name}":${value}`)
    .join(',')}}`
}

/** Takes an event as it is taken from another server, and does with it what may be done with any. */
async function take(text: string, rules: RoomVersionRules): Promise<void> {
  const verdict = parsePdu(text, rules)
  if (!verdict.ok) return
  const { pdu } = verdict
  // Where the hash is wrong that is what is left; what was hidden is looked at as well.
  for (const event of [pdu, trustedPdu(text, pdu.eventId, rules)]) await use(event)
}

/** What old versions take, such as `1e400`, need not have a canonical form. */
function encode(content: JsonObject): void {
  try {
    canonicalJson(content, 'lenient')
  } catch (error) {
    if (!isFailure(error, 'MALFORMED_EVENT')) throw error
  }
}

async function use(event: Pdu): Promise<void> {
  encode(event.content)
  redactEvent(event)
  headeredJson(withUnsigned(event, { age: 1 }))
  const state = authStateOf([create, member])
  checkAuth(event, state)
  checkAuth(event, authStateOf([create, member, event]))
  checkAuthEvents(event, { get: () => undefined, isRejected: () => false })
  if (event.rules === LENIENT) powersIn(authStateOf([create, event]), LENIENT).levelOf('@b:b')
  compileServerAcl(event.content)(LONGEST_NAME)
  await verifySignatures(event, () => ({
    key: 'l/O9hxMVKB6Lg+3Hqf0FQQZhVESQcMzbPN1Cz2nM3ok',
    validUntilTs: 9,
  }))
}

const bytes = (text: string) => new TextEncoder().encode(text)

/** What is done with JSON. */
export const JSON_READERS: Readonly<Record<string, Reader>> = {
  'canonical JSON, strict': (text) => canonicalizeJson(text, 'strict'),
  'canonical JSON, lenient': (text) => canonicalizeJson(text, 'lenient'),
  'an event that is this': (text) => take(text, STRICT),
  'an event with this content': (text) => take(eventText({ content: text }, STRICT), STRICT),
  'the same in version 1': (text) => take(eventText({ content: text }, LENIENT), LENIENT),
  'levels of users': (text) => take(eventText({ content: `{"users":${text}}` }, LENIENT), LENIENT),
  signatures: (text) => take(eventText({ signatures: text }, STRICT), STRICT),
  'signatures of the sender': (text) => take(eventText({ signatures: `{"a":${text}}` }, STRICT), STRICT),
  unsigned: (text) => take(eventText({ unsigned: text }, STRICT), STRICT),
  'prev events': (text) => take(eventText({ prev_events: text }, LENIENT), LENIENT),
  'an unknown member': (text) => take(eventText({ x: text }, STRICT), STRICT),
  'a membership': (text) =>
    take(eventText({ content: text, type: '"m.room.member"', state_key: '"@a:a"' }, STRICT), STRICT),
  'a create event': (text) => take(eventText({ content: text, type: '"m.room.create"' }, LENIENT), LENIENT),
  'hashes and redaction': (text) => {
    const event = eventText({ content: text }, LENIENT)
    if (!canonicalizeJson(event, 'lenient').ok) return
    contentHash(event)
    referenceHash(event, LENIENT)
    redactJson(event, LENIENT)
  },
  'a request': (text) => decode(InputRoomEventsRequest, bytes(text)),
  'events in a request': (text) => decode(InputRoomEventsRequest, bytes(`{"input_room_events":[${text}]}`)),
  'an event in a request': (text) =>
    decode(InputRoomEventsRequest, bytes(`{"input_room_events":[{"event":${text}}]}`)),
  'the content of a join': (text) => decode(PerformJoinRequest, bytes(`{"content":${text}}`)),
  'a request in pieces': (text) => {
    const decoder = new BodyDecoder(InputRoomEventsRequest, undefined, 1_000)
    const all = bytes(`{"input_room_events":[{"event":${text}}]}`)
    for (let at = 0; at < all.length; at += 1_000) decoder.add(all.subarray(at, at + 1_000))
    decoder.end()
  },
}

const inEvent = (name: string) => (text: string) =>
  take(eventText({ [name]: JSON.stringify(text) }, LENIENT), LENIENT)

/** What is done with texts. */
export const TEXT_READERS: Readonly<Record<string, Reader>> = {
  'a user ID': isUserId,
  'an event ID': isAuthoredEventId,
  'a server name': (text) => [isServerName(text), isServerName(text.slice(3))],
  'the server of an ID': serverOf,
  'bytes of a text': (text) => isLongerThan(text, 1_000_000),
  base64: (text) => [decodeBase64(text), encodeBase64(bytes(text))],
  'a glob': (text) => globMatches(text, LONGEST_NAME),
  'an ACL': (text) =>
    compileServerAcl({ allow: ['*'], deny: [text, '*'], allow_ip_literals: false })(LONGEST_NAME),
  'the name in an ACL': (text) => isServerName(text) && compileServerAcl({ allow_ip_literals: false })(text),
  type: inEvent('type'),
  sender: inEvent('sender'),
  state_key: inEvent('state_key'),
  event_id: inEvent('event_id'),
  room_id: inEvent('room_id'),
  'a content hash': (text) =>
    take(eventText({ hashes: `{"sha256":${JSON.stringify(text)}}` }, STRICT), STRICT),
  'a signature': (text) =>
    take(eventText({ signatures: `{"a":{"ed25519:1":${JSON.stringify(text)}}}` }, STRICT), STRICT),
  'the ID of a key': (text) =>
    take(eventText({ signatures: `{"a":{${JSON.stringify(`ed25519:${text}`)}:"AAAA"}}` }, STRICT), STRICT),
  'a level': (text) => take(eventText({ content: `{"ban":${JSON.stringify(text)}}` }, LENIENT), LENIENT),
  'a user with a level': (text) =>
    take(eventText({ content: `{"users":{${JSON.stringify(text)}:"5"}}` }, LENIENT), LENIENT),
}
