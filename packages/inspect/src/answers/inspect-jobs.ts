import type { InspectJobsRequest, InspectJobsResponse } from '@roomserver/api'
import type { InspectionSource } from '../read/inspection-source.ts'
import { pageSize } from './pages.ts'

/**
 * Long work on rooms.
 *
 * @throws {RoomserverError} INVALID_ARGUMENT
 */
export async function inspectJobs(
  { store }: InspectionSource,
  { cursor, limit: asked, room_id: roomId }: InspectJobsRequest,
): Promise<InspectJobsResponse> {
  const limit = pageSize(asked, { usual: 100, most: 500 })
  const jobs = await store.jobs(roomId === '' ? undefined : roomId, cursor, limit)
  return { jobs, next: jobs.length < limit ? '' : (jobs.at(-1)?.event_id ?? '') }
}
