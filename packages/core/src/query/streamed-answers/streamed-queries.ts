import {
  encode,
  encodeEntry,
  HeaderedEvent,
  QueryBulkStateContentResponse,
  QueryCurrentStateResponse,
  type RoomserverApi,
  type StreamedApi,
} from '@roomserver/api'
import { contentEntries } from '../bulk-state-content.ts'
import { asMethod, type QueryContext } from '../context.ts'
import { currentEntries } from '../current-state.ts'
import { authChainInChunks, eventsByIdInChunks } from '../events-by-id.ts'
import { queryLatestEventsAndState } from '../latest-events-and-state.ts'
import { queryMembershipsForRoom } from '../memberships.ts'
import { queryStateAfterEvents, queryStateAndAuthChain } from '../state-after.ts'
import { EMPTY_LIST, LIST, MEMBERS, streamedInChunks } from './streamed-in-chunks.ts'
import { STREAMED_LISTS } from './streamed-lists.ts'

/** The questions whose answers grow with the room or with what is asked for, answered in writing. */
export function createStreamedQueries(context: QueryContext): StreamedApi<RoomserverApi> {
  const event = (one: HeaderedEvent) => encode(HeaderedEvent, one)
  return {
    queryAuthChain: asMethod(context, async (of, request) => ({
      AuthChain: streamedInChunks(() => authChainInChunks(of, request), event, EMPTY_LIST),
    })),
    queryBulkStateContent: asMethod(context, async (of, request) => ({
      Rooms: streamedInChunks(
        () => contentEntries(of, request),
        (entry) => encodeEntry(QueryBulkStateContentResponse, entry),
        MEMBERS,
      ),
    })),
    queryCurrentState: asMethod(context, async (of, request) => ({
      StateEvents: streamedInChunks(
        await currentEntries(of, request),
        (entry) => encodeEntry(QueryCurrentStateResponse, entry),
        MEMBERS,
      ),
    })),
    queryEventsById: asMethod(context, async (of, request) => ({
      events: streamedInChunks(() => eventsByIdInChunks(of, request), event, LIST),
    })),
    queryLatestEventsAndState: asMethod(context, (of, request) =>
      queryLatestEventsAndState(of, request, STREAMED_LISTS),
    ),
    queryMembershipsForRoom: asMethod(context, (of, request) =>
      queryMembershipsForRoom(of, request, STREAMED_LISTS),
    ),
    queryStateAfterEvents: asMethod(context, (of, request) =>
      queryStateAfterEvents(of, request, STREAMED_LISTS),
    ),
    queryStateAndAuthChain: asMethod(context, (of, request) =>
      queryStateAndAuthChain(of, request, STREAMED_LISTS),
    ),
  }
}
