import type { ExplainRequest, ExplainResponse, HistoryEntry, JournalEntry } from '@roomserver/api'
import { inspectHistory } from '../answers/inspect-history.ts'
import { conflictsAtArrival } from '../answers/inspect-resolution.ts'
import { whatIf } from '../answers/what-if.ts'
import type { InspectionSource } from '../read/inspection-source.ts'
import { type RoomView, roomView } from '../read/room-view.ts'
import { entryName, isPlural, sentence, timeOf } from './wording.ts'

/** How many settings of an entry are told. */
const MAX_SETTINGS = 10

/**
 * Explains an entry of the current state of a room: who set it, what became of other settings, and state resets.
 *
 * @throws {RoomserverError} ROOM_NOT_FOUND
 */
export async function explainEntry(
  source: InspectionSource,
  request: ExplainRequest,
): Promise<ExplainResponse> {
  const { state_key: stateKey, type } = request
  const view = await roomView(source.store, request.room_id)
  const history = await inspectHistory(source, {
    room_id: view.room.roomId,
    type,
    state_key: stateKey,
    cursor: '',
    limit: MAX_SETTINGS,
  })
  const name = entryName(type, stateKey)
  const current = history.entries.find(({ outcome }) => outcome === 'current')
  const resets = changesOf(history.entries).filter((change) => change.is_reset)
  const join = type === 'm.room.member' ? await joining(source, view, stateKey) : []
  return {
    question: isPlural(name) ? `Why are ${name} as they are?` : `Why is ${name} as it is?`,
    answer: answerOf(name, current),
    happened: [
      ...history.entries.map(settingSentence),
      ...(await resolutionSentences(source, view, changesOf(history.entries))),
      ...join.slice(0, 1),
    ],
    rule: null,
    needed: join.slice(1),
    links: resets.length === 0 ? [] : [RESOLUTION_LINK],
    events: history.entries.map(({ event }) => event),
  }
}

const RESOLUTION_LINK = {
  text: 'state resolution',
  url: 'https://spec.matrix.org/v1.19/server-server-api/#room-state-resolution',
}

function answerOf(name: string, current: HistoryEntry | undefined): string {
  if (current === undefined)
    return `${sentence(name)} ${isPlural(name) ? 'are' : 'is'} not in the current state of the room.`
  const { event } = current
  return `${event.sender} set it at ${timeOf(event.origin_server_ts)}: ${event.says === '' ? 'an empty content' : event.says} (${event.event_id}).`
}

function settingSentence({ event, outcome, why }: HistoryEntry): string {
  return `${timeOf(event.origin_server_ts)}, ${event.sender}: ${event.says === '' ? 'an empty content' : event.says} (${event.event_id}). ${sentence(outcome)}. ${why}`
}

/** The changes of the entry that the settings know of, each once, the latest first. */
function changesOf(entries: readonly HistoryEntry[]): readonly JournalEntry[] {
  const changes = new Map<string, JournalEntry>()
  for (const { came, went } of entries) {
    for (const change of [came, went])
      if (change !== null) changes.set(`${change.revision} ${change.says}`, change)
  }
  return [...changes.values()].toSorted((a, b) => b.revision - a.revision)
}

/** How many resolutions are done again for one explanation. */
const MAX_RESOLUTIONS = 3

/** Why the resolutions that changed an entry came out as they did. */
export async function resolutionSentences(
  source: InspectionSource,
  view: RoomView,
  changes: readonly JournalEntry[],
): Promise<readonly string[]> {
  const resolved = changes.filter(({ cause }) => cause === 'resolution').slice(0, MAX_RESOLUTIONS)
  const sentences: string[] = []
  for (const change of resolved) {
    const at = change.cause_event?.event_id ?? ''
    const conflicts = await conflictsAtArrival(source, view, at)
    const conflict = conflicts.find(
      ({ stateKey, type }) => type === change.type && stateKey === change.state_key,
    )
    if (conflict === undefined || (conflict.winner ?? '') !== (change.to?.event_id ?? '')) continue
    sentences.push(`In the state resolution at ${at}: ${conflict.why}`)
  }
  return sentences
}

/** Whether a user could join now, and what it would take. */
async function joining(source: InspectionSource, view: RoomView, user: string): Promise<readonly string[]> {
  const pdu = JSON.stringify({
    type: 'm.room.member',
    sender: user,
    state_key: user,
    content: { membership: 'join' },
  })
  const { answer, check } = await whatIf(source, {
    room_id: view.room.roomId,
    pdu,
    event_id: '',
    at: '',
    side: '',
  })
  const [, ...needed] = answer
  if (check.is_allowed) return [`A join of ${user} would be allowed now, by rule ${check.rule.rule}.`]
  return [
    `A join of ${user} would not be allowed now, by rule ${check.rule.rule}: ${check.reason}.`,
    ...needed,
  ]
}
