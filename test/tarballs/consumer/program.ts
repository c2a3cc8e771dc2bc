import { compileServerAcl } from '@roomserver/acls'
import { authStateOf, checkAuth, permissionsOf, powersOf } from '@roomserver/auth'
import {
  buildEvent,
  canonicalJson,
  ed25519,
  encodeBase64,
  parsePdu,
  pduFromClientEvent,
  redactClientEvent,
  verifySignatures,
} from '@roomserver/events'
import { openEvents, readEventFile } from '@roomserver/inspect'
import { authStateFrom, type ResolvedState, resolveState, stateMapOf } from '@roomserver/state'
import { isFailure, parseServerName } from '@roomserver/types'
import { requireRoomVersion } from '@roomserver/version'

const ALICE = '@alice:a.test'
const BOB = '@bob:b.test'

/** A client's event, as programs declare it. */
interface ClientEvent {
  event_id: string
  type: string
  sender: string
  state_key: string
  content: Record<string, unknown>
}

/** What a program does with the packages that run everywhere: the same on every platform. */
export async function answers(): Promise<Record<string, unknown>> {
  const rules = requireRoomVersion('11')
  const state = (id: string, type: string, sender: string, key: string, content: object): ClientEvent => ({
    event_id: id,
    type,
    sender,
    state_key: key,
    content: { ...content },
  })
  const create = state('$1', 'm.room.create', ALICE, '', { room_version: '11' })
  const levels = state('$2', 'm.room.power_levels', ALICE, '', { users: { [ALICE]: 100 } })
  const members = [ALICE, BOB].map((user) =>
    state(`$${user}`, 'm.room.member', user, user, { membership: 'join', displayname: user }),
  )
  const pdus = [create, levels, ...members].map((event) =>
    pduFromClientEvent(event, { roomId: '!r:a.test', version: '11' }),
  )
  const byId = new Map(pdus.map((pdu) => [pdu.eventId, pdu]))
  const topic = pduFromClientEvent(state('$3', 'm.room.topic', ALICE, '', { topic: 'Tea' }), {
    roomId: '!r:a.test',
    version: '11',
  })
  byId.set(topic.eventId, topic)
  const map = stateMapOf(pdus)
  const may = permissionsOf(BOB, authStateOf(pdus)).ban(ALICE)

  const seed = new Uint8Array(32).fill(7)
  const key = { key: encodeBase64(await ed25519.publicKey(seed)), validUntilTs: 4e12 }
  const built = await buildEvent(
    {
      type: 'm.room.message',
      roomId: '!r:a.test',
      sender: ALICE,
      content: { msgtype: 'm.text', body: 'é' },
      prevEvents: [{ eventId: '$1' }],
      authEvents: [{ eventId: '$2' }],
      depth: 2,
      originServerTs: 1,
    },
    rules,
    { server: 'a.test', keyId: 'ed25519:1', seed: encodeBase64(seed) },
  )
  if (!built.ok) throw new Error(built.reason)
  const file = { room_version: '11', events: [JSON.parse(built.pdu.json)] }
  const { events, faults } = await openEvents(readEventFile(JSON.stringify(file)))
  const changed = parsePdu(built.pdu.json.replace('é', 'è'), rules)

  return {
    acl: compileServerAcl({ allow: ['*'], deny: ['*.test'] })(parseServerName('a.test')).allowed,
    ban: [may.allowed, may.rule],
    level: powersOf({ version: '11', create, powerLevels: levels.content }).levelOf(ALICE),
    join: checkAuth(
      pdus[3] ?? built.pdu,
      authStateFrom(map, (id) => byId.get(id)),
    ).rule,
    canonical: canonicalJson({ b: 1, a: [true, null] }),
    redacted: redactClientEvent(members[1] ?? create, '11').content,
    eventId: built.pdu.eventId,
    verified: await verifySignatures(built.pdu, () => key),
    changed: changed.ok ? changed.contentHashMatches : changed.reason,
    inspected: [events, ...faults],
    resolved: eventsIn(
      resolveState([map, stateMapOf([...pdus, topic])], { version: '11', events: (id) => byId.get(id) }),
    ),
    missing: failureOf(() => resolveState([map, new Map()], { version: '11', events: () => undefined })),
  }
}

function eventsIn({ state }: ResolvedState): readonly string[] {
  return [...state.values()].flatMap((entries) => [...entries.values()]).sort((a, b) => (a < b ? -1 : 1))
}

function failureOf(work: () => unknown): unknown {
  try {
    return work()
  } catch (error) {
    return isFailure(error) ? error.code : String(error)
  }
}
