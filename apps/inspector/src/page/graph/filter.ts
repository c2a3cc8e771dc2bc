import type { EventSummary } from '@roomserver/api'

/** Which events are wanted. */
export interface GraphFilter {
  /** Part of an ID, a type, a state key, a sender or of what it says; without regard to case. */
  readonly search: string
  readonly only: OnlyThese
}

/** Kinds of events that can be asked for, with the words of their button. */
export const ONLY = {
  all: 'All events',
  state: 'State events',
  trouble: 'Not accepted',
  branches: 'Forks and merges',
} as const

export type OnlyThese = keyof typeof ONLY

/** Reads {@link OnlyThese} from an address. */
export function onlyOf(text: string | undefined): OnlyThese {
  return text === 'state' || text === 'trouble' || text === 'branches' ? text : 'all'
}

/** The events that a filter lets through; all of them as they are where it asks for nothing. */
export function filtered(
  events: readonly EventSummary[],
  { only, search }: GraphFilter,
  successors: ReadonlyMap<string, number>,
): readonly EventSummary[] {
  const wanted = search.toLowerCase()
  if (only === 'all' && wanted === '') return events
  return events.filter(
    (event) => isOne(event, only, successors) && (wanted === '' || speaksOf(event, wanted)),
  )
}

function isOne(event: EventSummary, only: OnlyThese, successors: ReadonlyMap<string, number>): boolean {
  switch (only) {
    case 'all':
      return true
    case 'state':
      return event.state_key !== null
    case 'trouble':
      return isNotAccepted(event) || event.is_redacted
    case 'branches':
      return event.prev_events.length > 1 || (successors.get(event.event_id) ?? 0) > 1
  }
}

/** Whether an event was evaluated and not accepted, or is missing. */
export function isNotAccepted({ status }: Pick<EventSummary, 'status'>): boolean {
  return status !== 'accepted' && status !== 'unevaluated'
}

function speaksOf({ event_id, says, sender, state_key, type }: EventSummary, wanted: string): boolean {
  return [event_id, type, state_key ?? '', sender, says].some((text) => text.toLowerCase().includes(wanted))
}

/** For each event that is referred to: by how many events. */
export function successorCounts(events: readonly EventSummary[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { prev_events } of events) {
    for (const id of new Set(prev_events)) counts.set(id, (counts.get(id) ?? 0) + 1)
  }
  return counts
}
