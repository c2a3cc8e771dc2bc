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
import type { QueryContext } from '../context.ts'
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
    queryAuthChain: async (request) => ({
      AuthChain: streamedInChunks(() => authChainInChunks(context, request), event, EMPTY_LIST),
    }),
    queryBulkStateContent: async (request) => ({
      Rooms: streamedInChunks(
        () => contentEntries(context, request),
        (entry) => encodeEntry(QueryBulkStateContentResponse, entry),
        MEMBERS,
      ),
    }),
    queryCurrentState: async (request) => ({
      StateEvents: streamedInChunks(
        await currentEntries(context, request),
        (entry) => encodeEntry(QueryCurrentStateResponse, entry),
        MEMBERS,
      ),
    }),
    queryEventsById: async (request) => ({
      events: streamedInChunks(() => eventsByIdInChunks(context, request), event, LIST),
    }),
    queryLatestEventsAndState: (request) => queryLatestEventsAndState(context, request, STREAMED_LISTS),
    queryMembershipsForRoom: (request) => queryMembershipsForRoom(context, request, STREAMED_LISTS),
    queryStateAfterEvents: (request) => queryStateAfterEvents(context, request, STREAMED_LISTS),
    queryStateAndAuthChain: (request) => queryStateAndAuthChain(context, request, STREAMED_LISTS),
  }
}
