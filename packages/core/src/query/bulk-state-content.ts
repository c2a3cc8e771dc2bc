import type { QueryBulkStateContentRequest, QueryBulkStateContentResponse } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import { TimeSlice } from '../view/time-slice.ts'
import type { QueryContext } from './context.ts'
import { asWanted, currentState } from './current-state.ts'

/** The member of `content` that tells what matters most about a state event of that type. */
const TELLING_MEMBER: ReadonlyMap<string, string> = new Map([
  ['m.room.create', 'creator'],
  ['m.room.canonical_alias', 'alias'],
  ['m.room.history_visibility', 'history_visibility'],
  ['m.room.join_rules', 'join_rule'],
  ['m.room.member', 'membership'],
  ['m.room.name', 'name'],
  ['m.room.avatar', 'url'],
  ['m.room.topic', 'topic'],
  ['m.room.guest_access', 'guest_access'],
])

/** An entry of the answer. */
export type ContentEntry = QueryBulkStateContentResponse['Rooms'][number]

/**
 * One telling text of each wanted state event of many rooms, as room lists show them. Rooms that are not known are
 * left out.
 */
export async function queryBulkStateContent(
  context: QueryContext,
  request: QueryBulkStateContentRequest,
): Promise<QueryBulkStateContentResponse> {
  const found: ContentEntry[] = []
  for await (const chunk of contentEntries(context, request)) found.push(...chunk)
  return { Rooms: found }
}

/** The entries of that answer, in chunks that are made as they are asked for; a chunk may be empty. */
export async function* contentEntries(
  context: QueryContext,
  { RoomIDs, StateTuples, AllowWildcards }: QueryBulkStateContentRequest,
): AsyncGenerator<readonly ContentEntry[], void, void> {
  const wanted = asWanted(StateTuples, AllowWildcards)
  const slice = new TimeSlice(context.gone)
  for (const RoomID of new Set(RoomIDs)) {
    if (slice.isOver) await slice.next()
    const room = await context.store.room(RoomID)
    // Whoever asks gets to see here that nobody waits for the answer any more.
    if (room === undefined) yield []
    else {
      for await (const chunk of currentState(context, room, wanted)) {
        yield chunk.map(({ type, stateKey, content }) => ({
          RoomID,
          EventType: type,
          StateKey: stateKey,
          value: textOf({ type, content }),
        }))
      }
    }
  }
}

/** The string in the member that represents the type of an event; `''` if it is not a string, or the type has none. */
export function textOf({ type, content }: Pick<Pdu, 'type' | 'content'>): string {
  const member = TELLING_MEMBER.get(type)
  const value = member !== undefined && Object.hasOwn(content, member) ? content[member] : undefined
  return typeof value === 'string' ? value : ''
}
