import type { QueryBulkStateContentRequest, QueryBulkStateContentResponse } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import type { RoomId } from '@roomserver/types'
import type { QueryContext } from './context.ts'
import { asWanted, currentState, type WantedEntries } from './current-state.ts'

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

/**
 * One telling text of each wanted state event of many rooms, as room lists show them. Rooms that are not known are
 * left out.
 */
export async function queryBulkStateContent(
  context: QueryContext,
  { RoomIDs, StateTuples, AllowWildcards }: QueryBulkStateContentRequest,
): Promise<QueryBulkStateContentResponse> {
  const wanted = asWanted(StateTuples, AllowWildcards)
  const found: QueryBulkStateContentResponse['Rooms'][number][] = []
  for (const roomId of new Set(RoomIDs)) {
    for (const { pdu } of await stateOf(context, roomId, wanted)) {
      found.push({
        RoomID: roomId,
        EventType: pdu.type,
        StateKey: pdu.stateKey ?? '',
        value: tellingText(pdu),
      })
    }
  }
  return { Rooms: found }
}

async function stateOf(context: QueryContext, roomId: RoomId, wanted: WantedEntries) {
  const room = await context.store.room(roomId)
  return room === undefined ? [] : await currentState(context, room, wanted)
}

/** The text at the telling member of an event's content; `''` where that is no text, or nothing tells. */
export function tellingText({ type, content }: Pick<Pdu, 'type' | 'content'>): string {
  const member = TELLING_MEMBER.get(type)
  const value = member !== undefined && Object.hasOwn(content, member) ? content[member] : undefined
  return typeof value === 'string' ? value : ''
}
