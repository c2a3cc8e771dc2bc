import type { InspectionApi } from '@roomserver/api'
import { explain } from './answers/explain.ts'
import { inspectArrivals } from './answers/inspect-arrivals.ts'
import { inspectEvent } from './answers/inspect-event.ts'
import { exportRoom, inspectEvents, inspectGraph } from './answers/inspect-graph.ts'
import { inspectHistory } from './answers/inspect-history.ts'
import { inspectJobs } from './answers/inspect-jobs.ts'
import { inspectJournal } from './answers/inspect-journal.ts'
import { inspectResolution } from './answers/inspect-resolution.ts'
import { inspectMembers, inspectRoom, inspectRoomName, inspectRooms } from './answers/inspect-rooms.ts'
import { inspectDiff, inspectState } from './answers/inspect-state.ts'
import { whatIf } from './answers/what-if.ts'
import { unlessPurged } from './answers/unless-purged.ts'
import type { InspectionSource } from './read/inspection-source.ts'

/**
 * All operations of the inspection, answered from a source.
 *
 * @param sourceFor - the source of one question; the signal says that nobody waits for its answer any more
 */
export function createInspection(
  sourceFor: (gone: AbortSignal | undefined) => InspectionSource,
): InspectionApi {
  const by =
    <Request, Answer>(answer: (source: InspectionSource, request: Request) => Promise<Answer>) =>
    async (request: Request, call?: { readonly signal?: AbortSignal }): Promise<Answer> =>
      await unlessPurged(sourceFor(call?.signal), request, answer)
  return {
    rooms: by(inspectRooms),
    room: by(inspectRoom),
    roomName: by(inspectRoomName),
    members: by(inspectMembers),
    jobs: by(inspectJobs),
    activity: by((source) => source.store.activity()),
    event: by(inspectEvent),
    events: by(inspectEvents),
    graph: by(inspectGraph),
    arrivals: by(inspectArrivals),
    exportRoom: by(exportRoom),
    whatIf: by(whatIf),
    state: by(inspectState),
    diff: by(inspectDiff),
    history: by(inspectHistory),
    journal: by(inspectJournal),
    resolution: by(inspectResolution),
    explain: by(explain),
  }
}
