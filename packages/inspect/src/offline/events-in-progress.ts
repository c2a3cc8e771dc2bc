import type { EventSummary, InspectionApi } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import { type EventNid, NO_NID, type RoomId } from '@roomserver/types'
import { statusOf } from '../event/event-summary.ts'
import { EarlyGraph } from './early-graph.ts'
import type { OfflineRecords } from './offline-records.ts'
import type { OfflineRoom } from './offline-room.ts'

/**
 * Rooms of a file whose events are still being evaluated. `graph` answers at once, with events whose status is
 * `unevaluated`; everything else answers when all are evaluated.
 */
export interface EventsInProgress {
  readonly inspection: InspectionApi
  readonly roomIds: readonly RoomId[]
  readonly events: number
  /** An event of the graph as it stands now; the same object where that has not changed. */
  readonly now: (event: EventSummary) => EventSummary
  /** Whether all are evaluated, and `graph` begins with the forward extremities and not with all that nothing builds on. */
  readonly isEvaluated: () => boolean
}

interface Progress {
  /** The events of the greatest depth. */
  readonly latest: readonly Pdu[]
  /** All events, when their IDs are known. */
  readonly read: Promise<readonly Pdu[]>
  readonly records: OfflineRecords
  readonly rooms: ReadonlyMap<RoomId, OfflineRoom>
  /** Answers when all events are evaluated. */
  readonly evaluated: Promise<InspectionApi>
}

/** What can be told of events while they are read and evaluated. */
export function inProgress(progress: Progress): Pick<EventsInProgress, 'inspection' | 'now' | 'isEvaluated'> {
  const { evaluated, records, rooms } = progress
  const graph = new EarlyGraph(progress)
  let extremities: ReadonlySet<EventNid> | undefined
  const end = (): void => {
    extremities = new Set([...rooms.values()].flatMap(({ room }) => room.extremities))
    graph.end()
  }
  evaluated.then(end, end)
  const now = (event: EventSummary): EventSummary => {
    // Until the end, later events may redact this one or make it none of the extremities.
    if (event.status !== 'unevaluated' && extremities === undefined) return event
    const record = records.eventById(event.event_id)
    if (record === null) return event
    const status = statusOf(record.verdict)
    const is_redacted = record.redactedBy !== NO_NID
    const is_extremity = extremities?.has(record.nid) ?? (event.is_extremity && status === 'accepted')
    const isSame =
      status === event.status && is_redacted === event.is_redacted && is_extremity === event.is_extremity
    return isSame ? event : { ...event, status, is_redacted, is_extremity }
  }
  const inspection = whenEvaluated(evaluated)
  return {
    now,
    isEvaluated: () => extremities !== undefined,
    inspection: {
      ...inspection,
      graph: async (request) => {
        if (request.direction === 'around') return await inspection.graph(request)
        const page = await graph.page(request)
        if (page !== undefined) return { events: page.events.map(now), next: page.next }
        return await inspection.graph(await graph.withLacking(request))
      },
    },
  }
}

/** Answers every question when there is something to answer it from. */
function whenEvaluated(evaluated: Promise<InspectionApi>): InspectionApi {
  return {
    rooms: async (request) => (await evaluated).rooms(request),
    room: async (request) => (await evaluated).room(request),
    roomName: async (request) => (await evaluated).roomName(request),
    members: async (request) => (await evaluated).members(request),
    jobs: async (request) => (await evaluated).jobs(request),
    activity: async (request) => (await evaluated).activity(request),
    event: async (request) => (await evaluated).event(request),
    events: async (request) => (await evaluated).events(request),
    graph: async (request) => (await evaluated).graph(request),
    arrivals: async (request) => (await evaluated).arrivals(request),
    exportRoom: async (request) => (await evaluated).exportRoom(request),
    whatIf: async (request) => (await evaluated).whatIf(request),
    state: async (request) => (await evaluated).state(request),
    diff: async (request) => (await evaluated).diff(request),
    history: async (request) => (await evaluated).history(request),
    journal: async (request) => (await evaluated).journal(request),
    resolution: async (request) => (await evaluated).resolution(request),
    explain: async (request) => (await evaluated).explain(request),
  }
}
