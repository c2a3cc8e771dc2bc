import type { Pdu } from '@roomserver/events'
import type { EventInput, Outcome } from '../decide/event-input.ts'
import { agreedRemoteState } from './agreed-remote-state.ts'
import { ingest } from './fetch-state.ts'
import type { Gap } from './gap.ts'
import { authEventsOf } from './or-else.ts'
import { reconnectHistoryTask } from './reconnect-history-task.ts'

/**
 * Takes fetched events in as such that are new to us, oldest first: all together as far as their past is known, and
 * one by one, with the state before it, where it is not. A server that does not tell the state that far back may tell
 * it before the latest of them, on which the event builds that waits for all this.
 */
export async function ingestGap(gap: Gap, events: readonly Pdu[]): Promise<void> {
  try {
    await ingestInOrder(gap, events)
  } catch (error) {
    const latest = events.filter(({ eventId }) => gap.event.prevEvents.includes(eventId))
    if (latest.length === 0 || latest.length === events.length) throw error
    await ingestInOrder(gap, latest)
  }
}

/** Ingests events, oldest first, and requests the state where it cannot continue without. */
export async function ingestInOrder(gap: Gap, events: readonly Pdu[]): Promise<void> {
  let rest = events
  while (rest.length > 0 && !gap.isTimeUp()) {
    rest = await lacking(gap, rest)
    rest = await bridged(gap, rest)
  }
}

/** Ingests events from before our part of the graph, as far as their own past is known: back to the create event. */
export async function ingestHistory(gap: Gap, events: readonly Pdu[]): Promise<void> {
  const { parts, isTimeUp } = gap
  for (const pdu of events) if (!isTimeUp()) await ingest(parts, { kind: 'old', pdu, sendAsServer: '' })
  const ids = events.map(({ eventId }) => eventId)
  if (ids.length > 0) await parts.input.runTask(reconnectHistoryTask(gap, ids))
}

/** Ingests those of the events that lack nothing, and returns the others. */
async function lacking({ parts }: Gap, events: readonly Pdu[]): Promise<readonly Pdu[]> {
  const outcomes = await Promise.all(events.map((event) => ingest(parts, asNew(event))))
  return events.filter((_, index) => outcomes[index]?.kind === 'missing')
}

/** Ingests events until there is one on which others may build, and returns those after it. */
async function bridged(gap: Gap, events: readonly Pdu[]): Promise<readonly Pdu[]> {
  for (const [index, event] of events.entries()) {
    if (gap.isTimeUp()) return []
    const outcome = await ingestOne(gap, event)
    if (outcome.kind === 'stored') return events.slice(index + 1)
  }
  return []
}

async function ingestOne(gap: Gap, event: Pdu): Promise<Outcome> {
  const { parts, way } = gap
  const input = asNew(event)
  let outcome = await ingest(parts, input)
  if (outcome.kind === 'missing' && outcome.auth.length > 0) {
    await authEventsOf(gap, event, outcome.auth)
    outcome = await ingest(parts, input)
  }
  if (outcome.kind !== 'missing' || outcome.prev.length === 0 || way === 'events') return outcome
  const eventIds = await agreedRemoteState(gap, event)
  if (eventIds.length === 0) return outcome
  return await ingest(parts, { ...input, stateBefore: { by: 'repair', eventIds } })
}

function asNew(pdu: Pdu): EventInput {
  return { kind: 'new', pdu, sendAsServer: '' }
}
