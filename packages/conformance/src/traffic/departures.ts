import { redactJson } from '@roomserver/events'
import { isJsonObject, type JsonObject, type JsonValue } from '@roomserver/types'
import { roomVersion } from '@roomserver/version'
import { textOf } from '@roomserver/testing'
import { keyOf } from '@roomserver/testing/reference-resolution'
import { type Announcements, stateBeforeOutput } from './announcements.ts'
import { type Difference, stableText } from './compare.ts'
import { type Departure, isSameSet, type Truth } from './departure.ts'
import { HOLE_DEPARTURES } from './hole-departures.ts'
import { referencesOf } from './known-events.ts'
import { isAfterReset } from './reset-departure.ts'
import { isSeenByItsChange } from './visibility-departure.ts'

/** Every expected departure; what it covers is counted and listed at the end of a replay, never silent. */
export const DEPARTURES: readonly Departure[] = [
  {
    id: 'own-words',
    reason:
      'A refusal has the code that callers act upon; its text is ours and names the rule (internal API, PerformError).',
    applies: ({ difference }) => {
      const { expected, got } = difference ?? {}
      return (
        difference?.path === 'Error' &&
        isJsonObject(expected) &&
        isJsonObject(got) &&
        expected['Code'] === got['Code'] &&
        expected['RemoteCode'] === got['RemoteCode']
      )
    },
  },
  {
    id: 'visibility-change-is-visible',
    reason:
      'An event that changes the history visibility, or the membership of a user of the asking server, is visible where the state before or after it allows that; the recorded server looks at the state before it only (client-server API, "Room history visibility", server behaviour).',
    applies: isSeenByItsChange,
  },
  {
    id: 'state-resolution-v1-stops',
    reason:
      'Resolution of room version 1 takes conflicting memberships in order of depth until one is not allowed, and keeps the one before; the recorded server takes a later one (room version 1, "State resolution").',
    applies: ({ of, problem, request, got }, { stateAfter }) =>
      of.endsWith('/queryStateAndAuthChain') &&
      problem === 'answer' &&
      isJsonObject(request) &&
      request['resolve_state'] === true &&
      JSON.stringify(got).includes('"room_version":"1"') &&
      isTrueWholeState(request, got, stateAfter),
  },
  {
    id: 'peek-of-unknown-room',
    reason:
      'Nobody can have peeked into a room that is not known, so there is no peek to retire (internal API, performUnpeek).',
    applies: ({ of, problem, request }, { standing }) =>
      of.startsWith('output retire_peek') && problem === 'missing' && standing(textOf(request)) === undefined,
  },
  {
    id: 'handler-crash',
    reason:
      'The recorded server crashed inside the handler (500 "Internal Server Error"); the contract asks for a proper error in its place (internal API, "Transport").',
    applies: (finding) =>
      finding.expectedStatus === 500 &&
      JSON.stringify(finding.expected) === '{"message":"Internal Server Error"}' &&
      finding.gotStatus !== undefined &&
      JSON.stringify(finding.got) !== '{"message":"Internal Server Error"}',
  },
  {
    id: 'has-the-state',
    reason:
      'The recorded server fails where it has an event and not the state before it; ours has both, or has not taken the event into the graph (internal API, queryServerAllowedToSeeEvent).',
    applies: ({ of, problem, expected, got }) =>
      of.endsWith('/queryServerAllowedToSeeEvent') &&
      problem === 'status' &&
      isJsonObject(expected) &&
      isJsonObject(got) &&
      typeof got['can_see_event'] === 'boolean' &&
      expected['Type'] === 'types.MissingEventError',
  },
  {
    id: 'unasked-state',
    reason:
      'queryStateAfterEvents of the recorded server answers with a prev event that is a state event even where its type and state key were not asked for; ours answers what was asked (internal API, `state_to_fetch`).',
    applies: ({ of, request, difference }) => {
      const missing = difference?.expected
      return (
        of.endsWith('/queryStateAfterEvents') &&
        isJsonObject(request) &&
        Array.isArray(missing) &&
        isEmptyList(difference?.got ?? []) &&
        missing.every((event) => isUnaskedPrev(request, event))
      )
    },
  },
  {
    id: 'every-invite-ends',
    reason:
      'The recorded server announces an invite of a user who is invited already and never ends it; ours retires every invite that it announced (output `retire_invite_event`).',
    applies: ({ of, problem, got }, { ours }) => {
      const ended = isJsonObject(got) ? got['retire_invite_event'] : undefined
      const invite = isJsonObject(ended) ? textOf(ended['EventID']) : ''
      const isOurs = ours.isInvite(invite) && ours.timesEnded(invite) === 1
      return of.startsWith('output retire_invite_event ') && problem === 'extra' && isOurs
    },
  },
  {
    id: 'recorded-state-reset',
    reason:
      'The recorded server resolved the branches of this room to another state than the algorithm of its version gives (worked out from the recorded events by a transcription of the specification), and answers from that state since (room versions 2 to 10, "State resolution").',
    applies: isAfterReset,
  },
  {
    id: 'recorded-state-after',
    reason:
      'The recorded server resolved the states after several events to another state than the algorithm of the room version gives; ours is what a transcription of the specification gives (room versions 2 to 10, "State resolution").',
    applies: ({ of, request, got }, { stateAfter }) =>
      of.endsWith('/queryStateAfterEvents') && isJsonObject(request) && isTrueState(request, got, stateAfter),
  },
  {
    id: 'visibility-default',
    reason:
      'Where the state before an event has no history visibility, it is `shared`; the recorded server says `joined` (client-server API, "Room history visibility").',
    applies: ({ difference, got }, { stateAfter, typesUpTo }) =>
      difference?.path === 'history_visibility' &&
      difference.expected === 'joined' &&
      difference.got === 'shared' &&
      (stateBeforeEvent(got, stateAfter)?.has(keyOf('m.room.history_visibility', '')) === false ||
        typesUpTo(referencesOf(prevEventsOf(got)))?.has('m.room.history_visibility') === false),
  },
  {
    id: 'recorded-state-before',
    reason:
      'The recorded server resolved the state before this event to another state than the algorithm of the room version gives; ours is what a transcription of the specification gives (room versions 2 to 10, "State resolution").',
    applies: ({ of, difference, got }, { stateAfter, ours }) => {
      if (difference?.path === 'history_visibility') return isTrueVisibility(got, difference.got, stateAfter)
      if (!of.startsWith('output new_room_event ')) return false
      if (difference?.path.startsWith('state_before_') !== true) return false
      const after = ours.stateAfter(of.slice('output new_room_event '.length))
      return isSameSet(stateBeforeOutput(got, after), trueStateBefore(got, stateAfter))
    },
  },
  {
    id: 'state-before-left-out',
    reason:
      'The recorded server leaves out how the current state differs from the state before a message where branches are open, having compared the states before its extremities and not after them (output `state_before_adds_event_ids`).',
    applies: ({ of, difference, expected }) => {
      const output = isJsonObject(expected) ? expected['new_room_event'] : undefined
      const event = isJsonObject(output) ? output['event'] : undefined
      return (
        of.startsWith('output new_room_event ') &&
        (difference?.path.startsWith('state_before_') ?? false) &&
        difference?.expected === undefined &&
        isJsonObject(event) &&
        event['state_key'] === undefined
      )
    },
  },
  {
    id: 'invite-announced-once',
    reason:
      'An invite that came by performInvite and then as an event of the room is one invite; the recorded server announces it twice (output `new_invite_event`).',
    applies: ({ of, problem }, { ours }) =>
      of.startsWith(NEW_INVITE) && problem === 'missing' && ours.isInvite(of.slice(NEW_INVITE.length)),
  },
  {
    id: 'invite-as-it-came',
    reason:
      'An invite that came by performInvite to a room that we are in is judged at once, and goes into the room with the state that shows it; the recorded server takes the copy that comes later without (server-server API, "Inviting to a room": `invite_room_state`).',
    applies: ({ of, difference }) =>
      of.startsWith('output new_room_event ') && isShownInvite(difference?.expected, difference?.got),
  },
  {
    id: 'redacted-meanwhile',
    reason:
      'An output that is published after its event was redacted holds the event as it is by then, and the `redacted_event` follows; how soon outputs are published is a matter of timing (client-server API, "Redactions").',
    applies: ({ difference, request }, { ours }) =>
      difference?.path === 'event' && isRedactedForm(difference, textOf(request), ours),
  },
  ...HOLE_DEPARTURES,
]

const NEW_INVITE = 'output new_invite_event '

/** Whether an answer holds exactly the state that the specification gives after the events that were asked about. */
function isTrueWholeState(
  { prev_event_ids: prev, room_id: room }: JsonObject,
  got: JsonValue | undefined,
  stateAfter: Truth['stateAfter'],
): boolean {
  const truth = stateAfter(textOf(room), referencesOf(prev))
  const events = isJsonObject(got) ? got['state_events'] : undefined
  if (truth === undefined || !Array.isArray(events)) return false
  const answered = events.filter(isJsonObject).map((event) => textOf(event['_event_id']))
  return isSameSet(new Set(answered), new Set([...truth.values()].map(({ eventId }) => eventId)))
}

/** The same member event, and one of them has nothing but an `invite_room_state` in its `unsigned` beside. */
function isShownInvite(expected: JsonValue | undefined, got: JsonValue | undefined): boolean {
  if (!isJsonObject(expected) || !isJsonObject(got)) return false
  const { unsigned, ...shown } = got
  const { unsigned: _, ...plain } = expected
  if (!isJsonObject(unsigned) || got['type'] !== 'm.room.member') return false
  return Object.keys(unsigned).join() === 'invite_room_state' && stableText(shown) === stableText(plain)
}

function isRedactedForm({ expected, got }: Difference, roomId: string, ours: Announcements): boolean {
  if (!isJsonObject(expected) || !isJsonObject(got) || got['room_id'] !== roomId) return false
  const rules = roomVersion(textOf(got['_room_version']))
  if (rules === undefined || !ours.isRedacted(textOf(got['_event_id']))) return false
  const [whole, bare] = [expected, got].map(({ unsigned: _unsigned, ...event }) => event)
  const { _event_id: id, _room_version: version, ...pdu } = whole ?? {}
  const redacted = JSON.parse(redactJson(pdu, rules)) as JsonObject
  return stableText({ ...redacted, _event_id: id, _room_version: version }) === stableText(bare)
}

function isEmptyList(value: JsonValue | undefined): boolean {
  return Array.isArray(value) && value.length === 0
}

function isUnaskedPrev(request: JsonObject, event: JsonValue): boolean {
  const { prev_event_ids: prev, state_to_fetch: tuples } = request
  if (!isJsonObject(event) || !Array.isArray(prev) || !Array.isArray(tuples)) return false
  const asked = tuples
    .filter(isJsonObject)
    .some((tuple) => tuple['EventType'] === event['type'] && tuple['StateKey'] === event['state_key'])
  return prev.includes(textOf(event['_event_id'])) && !asked
}

/** Whether an answer holds exactly the entries that were asked for of the state that the specification gives. */
function isTrueState(
  request: JsonObject,
  got: JsonValue | undefined,
  stateAfter: Truth['stateAfter'],
): boolean {
  const { prev_event_ids: prev, room_id: room, state_to_fetch: tuples } = request
  if (!isJsonObject(got) || !Array.isArray(prev) || !Array.isArray(tuples)) return false
  const truth = stateAfter(textOf(room), prev.map(textOf))
  if (truth === undefined) return false
  const wanted = tuples
    .filter(isJsonObject)
    .map((tuple) => [textOf(tuple['EventType']), textOf(tuple['StateKey'])])
  const ids = wanted.map(([type = '', key = '']) => truth.get(keyOf(type, key))?.eventId)
  const answered = got['state_events']
  const gotIds = (Array.isArray(answered) ? answered : [])
    .filter(isJsonObject)
    .map((event) => textOf(event['_event_id']))
  const expectedIds = new Set(ids.filter((id) => id !== undefined))
  return expectedIds.size === gotIds.length && gotIds.every((id) => expectedIds.has(id))
}

/** The events of the state before the event of an output. */
function trueStateBefore(
  payload: JsonValue | undefined,
  stateAfter: Truth['stateAfter'],
): ReadonlySet<string> | undefined {
  const state = stateBeforeEvent(payload, stateAfter)
  return state && new Set([...state.values()].map((pdu) => pdu.eventId))
}

function isTrueVisibility(
  payload: JsonValue | undefined,
  got: JsonValue | undefined,
  stateAfter: Truth['stateAfter'],
): boolean {
  const state = stateBeforeEvent(payload, stateAfter)
  const truth = state?.get(keyOf('m.room.history_visibility', ''))?.content['history_visibility']
  return state !== undefined && got === (truth ?? 'shared')
}

function stateBeforeEvent(
  payload: JsonValue | undefined,
  stateAfter: Truth['stateAfter'],
): ReturnType<Truth['stateAfter']> {
  const event = contentOf(payload)['event']
  const prev = isJsonObject(event) ? event['prev_events'] : undefined
  if (!isJsonObject(event) || !Array.isArray(prev)) return undefined
  return stateAfter(textOf(event['room_id']), referencesOf(prev))
}

/** What the event of an output builds on. */
function prevEventsOf(payload: JsonValue | undefined): JsonValue | undefined {
  const event = contentOf(payload)['event']
  return isJsonObject(event) ? event['prev_events'] : undefined
}

/** The content of an output that tells of an event. */
function contentOf(payload: JsonValue | undefined): JsonObject {
  const content = isJsonObject(payload) ? (payload['new_room_event'] ?? payload['old_room_event']) : undefined
  return isJsonObject(content) ? content : {}
}
