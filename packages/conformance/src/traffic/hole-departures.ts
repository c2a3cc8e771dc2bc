import { isJsonObject, type JsonValue } from '@roomserver/types'
import { textOf } from '@roomserver/testing'
import { stableText } from './compare.ts'
import { stateBeforeOutput } from './announcements.ts'
import { type Departure, type Finding, isSameSet, type Truth } from './departure.ts'
import { referencesOf } from './known-events.ts'

/** How we depart from the recorded server where events were missed, and what repairs that. */
export const HOLE_DEPARTURES: readonly Departure[] = [
  {
    id: 'gap-is-new',
    reason:
      'Events that fill a gap are new to the users of this server: ours announces each once, in its place, as `new_room_event`, and only what lies before the gap as old, unless a backfill brought it just then, which gives it to whoever asked. The recorded server announces whatever it is given in an answer to missing events as `old_room_event`, also what it announced before, and the change of state with the event after the gap (server-server API, "Checks performed on receipt of a PDU").',
    applies: isGap,
  },
  {
    id: 'waits-for-its-past',
    reason:
      'An event whose past nobody gives waits for it, and is accepted once it is there; the recorded server rejects it for good (server-server API, "Checks performed on receipt of a PDU": an event is rejected by the authorization rules alone).',
    applies: ({ of, problem, request, difference }, { recorded, isAccepted }) => {
      const isLate = (id: string) => !recorded.isNew(id) && isAccepted(textOf(request), id)
      const id = announcedNew(of)
      if (id === undefined) return false
      return problem === 'extra' ? isLate(id) : isLastSent(difference) && isLate(textOf(difference?.got))
    },
  },
  {
    id: 'refused-by-the-rules',
    reason:
      'An event that the rules reject, or that the current state forbids, is told to nobody; the recorded server announces it where it has the current state wrong, and where it overlooks `events_default`, which it does below room version 10 (room versions, "Authorization rules"; server-server API, "Soft failure").',
    applies: ({ of, problem, request, difference }, { isRefused }) => {
      const id = announcedNew(of)
      if (id === undefined) return false
      if (problem === 'missing') return isRefused(textOf(request), id)
      return isLastSent(difference) && isRefused(textOf(request), textOf(difference?.expected))
    },
  },
  {
    id: 'recorded-extremities',
    reason:
      'The ends of the recorded server’s graph are not those of the accepted events: it takes an event for no end any more when one that it rejected builds on it, and drops its own branches when it takes a state over from another server; ours are what a transcription of the specification gives (server-server API, "PDUs": forward extremities, "Rejection").',
    applies: (finding, truth) => isExtremities(finding, truth) || isTakenOver(finding, truth),
  },
  {
    id: 'missing-events-oldest-first',
    reason:
      'Missing events are given oldest first, none before what it builds on; the recorded server gives the same events in the order in which it came to know them (server-server API, `get_missing_events`).',
    applies: ({ of, difference }) =>
      of.endsWith('/queryMissingEvents') && isOldestFirst(difference?.expected, difference?.got),
  },
  {
    id: 'empty-unsigned',
    reason:
      'An empty `unsigned` says nothing, and is there or not after the way the event came first (server-server API, "PDUs": `unsigned`).',
    applies: ({ difference }) =>
      difference !== undefined &&
      isJsonObject([difference.expected].flat()[0]) &&
      bagText(difference.expected) === bagText(difference.got),
  },
]

function isGap({ of, problem, request, difference, expected, got }: Finding, truth: Truth): boolean {
  const { ours, recorded, isFetched, isBackfilled, isAccepted } = truth
  const id = announcedNew(of)
  const roomId = textOf(request)
  if (of.startsWith('output old_room_event ')) {
    const old = of.slice('output old_room_event '.length)
    if (!isFetched(old)) return false
    if (problem === 'missing')
      return ours.isNew(old) || ours.isOld(old) || isBackfilled(old) || !isAccepted(roomId, old)
    return problem === 'order' || (problem === 'extra' && isFetchedOnly(old, truth))
  }
  if (of.startsWith('output redacted_event '))
    return problem === 'extra' && isFetchedOnly(redactedBy(got), truth)
  if (id === undefined) return false
  if (problem === 'extra') return isFetchedOnly(id, truth) && isAccepted(roomId, id)
  if (problem !== 'content') return false
  if (difference?.path === 'last_sent_event_id') {
    const before = textOf(difference.got)
    return isFetched(before) && ours.isNew(before) && !recorded.isNew(before)
  }
  if (/^(adds|removes)_state_event_ids$/.test(difference?.path ?? '')) {
    return isSameSet(recorded.stateAfter(id), ours.stateAfter(id))
  }
  const [theirs, own] = [recorded.stateAfter(id), ours.stateAfter(id)]
  return (
    difference?.path.startsWith('state_before_') === true &&
    theirs !== undefined &&
    own !== undefined &&
    isSameSet(stateBeforeOutput(expected, theirs), stateBeforeOutput(got, own))
  )
}

/** Whether an event came with the past of a room, and the recorded server did not announce it as new. */
function isFetchedOnly(id: string, { isFetched, recorded }: Truth): boolean {
  return isFetched(id) && !recorded.isNew(id)
}

function redactedBy(payload: JsonValue | undefined): string {
  const output = isJsonObject(payload) ? payload['redacted_event'] : undefined
  return isJsonObject(output) ? textOf(output['RedactedEventID']) : ''
}

function isLastSent(difference: Finding['difference']): boolean {
  return difference?.path === 'last_sent_event_id'
}

/** The event of an output that announces a new one. */
function announcedNew(of: string): string | undefined {
  const prefix = 'output new_room_event '
  return of.startsWith(prefix) ? of.slice(prefix.length) : undefined
}

function isExtremities({ of, request, difference, got }: Finding, truth: Truth): boolean {
  const id = announcedNew(of)
  if (id !== undefined && difference?.path === 'latest_event_ids') {
    const output = isJsonObject(got) ? got['new_room_event'] : undefined
    const extremities = isJsonObject(output) ? referencesOf(output['latest_event_ids']) : []
    return isSameSet(new Set(extremities), extremitiesOf(truth.standingAfter(textOf(request), id)))
  }
  if (!of.endsWith('/queryLatestEventsAndState') || !isJsonObject(request) || !isJsonObject(got)) return false
  if (difference?.path !== 'latest_events' && difference?.path !== 'depth') return false
  const standing = truth.standing(textOf(request['room_id']))
  return isSameSet(new Set(referencesOf(got['latest_events'])), extremitiesOf(standing))
}

/** Whether the recorded server took a state over from another one, where ours is what the branches resolve to. */
function isTakenOver({ of, request, difference }: Finding, { ours, standingAfter }: Truth): boolean {
  const id = announcedNew(of)
  if (id === undefined || difference?.path !== 'rewrites_state' || difference.expected !== true) return false
  const state = standingAfter(textOf(request), id)?.state
  return isSameSet(ours.stateAfter(id), state && new Set([...state.values()].map(({ eventId }) => eventId)))
}

function extremitiesOf(
  standing: { readonly extremities: readonly string[] } | undefined,
): ReadonlySet<string> | undefined {
  return standing && new Set(standing.extremities)
}

function isOldestFirst(expected: JsonValue | undefined, got: JsonValue | undefined): boolean {
  if (!Array.isArray(expected) || !Array.isArray(got) || bagText(expected) !== bagText(got)) return false
  const events = got.filter(isJsonObject)
  const place = new Map(events.map((event, index) => [textOf(event['_event_id']), index]))
  return events.every((event, index) =>
    referencesOf(event['prev_events']).every((id) => (place.get(id) ?? -1) < index),
  )
}

/** Text in which lists of the same events are equal, in whatever order and with or without an empty `unsigned`. */
function bagText(events: JsonValue | undefined): string {
  const texts = (Array.isArray(events) ? events : [events ?? null]).map((event) => {
    if (!isJsonObject(event)) return stableText(event)
    const { unsigned, ...rest } = event
    return stableText(isJsonObject(unsigned) && Object.keys(unsigned).length === 0 ? rest : event)
  })
  return texts.toSorted().join('\n')
}
