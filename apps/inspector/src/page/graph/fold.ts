import type { EventSummary } from '@roomserver/api'

/** A row of the graph: an event, or a line of events that nothing happens in. */
export type GraphRow =
  | {
      readonly kind: 'event'
      readonly key: string
      readonly event: EventSummary
      readonly parents: readonly string[]
    }
  | {
      readonly kind: 'folded'
      /** The ID of its newest event: what its successors refer to. */
      readonly key: string
      readonly events: readonly EventSummary[]
      readonly parents: readonly string[]
    }

/** Shorter lines are shown as they are: folding them would save nothing. */
const SHORTEST_FOLD = 4

/**
 * Folds lines of accepted events without state, each built on the next one alone and on no other branch. Everything else
 * is a row of its own.
 *
 * @param events - successors first, see `newestFirst`
 * @param successors - for each event, how many events build on it
 * @param unfolded - keys of lines to be shown event by event
 */
export function foldLines(
  events: readonly EventSummary[],
  successors: ReadonlyMap<string, number>,
  unfolded: ReadonlySet<string>,
): readonly GraphRow[] {
  const rows: GraphRow[] = []
  let line: EventSummary[] = []
  const endLine = (): void => {
    const [newest] = line
    const oldest = line.at(-1)
    if (newest !== undefined && oldest !== undefined) {
      if (line.length < SHORTEST_FOLD || unfolded.has(newest.event_id)) rows.push(...line.map(eventRow))
      else rows.push({ kind: 'folded', key: newest.event_id, events: line, parents: oldest.prev_events })
    }
    line = []
  }
  for (const event of events) {
    const last = line.at(-1)
    const isPlain = isUneventful(event) && (successors.get(event.event_id) ?? 0) <= 1
    if (last !== undefined && !(isPlain && last.prev_events[0] === event.event_id)) endLine()
    if (isPlain) line.push(event)
    else rows.push(eventRow(event))
  }
  endLine()
  return rows
}

/** Every event as a row of its own. */
export function eventRow(event: EventSummary): GraphRow {
  return { kind: 'event', key: event.event_id, event, parents: event.prev_events }
}

function isUneventful({ is_redacted, prev_events, status, state_key }: EventSummary): boolean {
  const isOrdinary = status === 'accepted' || status === 'unevaluated'
  return state_key === null && isOrdinary && !is_redacted && prev_events.length === 1
}
