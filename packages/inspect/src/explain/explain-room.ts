import type { ExplainResponse, JournalEntry } from '@roomserver/api'
import type { RoomId } from '@roomserver/types'
import { inspectJournal } from '../answers/inspect-journal.ts'
import { inspectRoom } from '../answers/inspect-rooms.ts'
import type { InspectionSource } from '../read/inspection-source.ts'
import { roomView } from '../read/room-view.ts'
import { resolutionSentences } from './explain-entry.ts'
import { counted } from './wording.ts'

/** How many state resets are told. */
const MAX_RESETS = 5

/**
 * Explains what is unusual about a room, and its latest state resets.
 *
 * @throws {RoomserverError} ROOM_NOT_FOUND
 */
export async function explainRoom(source: InspectionSource, roomId: RoomId): Promise<ExplainResponse> {
  const { extremities, problems, room } = await inspectRoom(source, { room_id: roomId })
  const view = await roomView(source.store, room.room_id)
  const resets = room.state_resets === 0 ? [] : await latestResets(source, room.room_id)
  return {
    question: `Is anything wrong with ${room.room_id}?`,
    answer:
      problems.length === 0
        ? `Nothing unusual: ${counted(room.events, 'event')}, ${counted(room.joined_members, 'joined member')}, one branch.`
        : `${counted(problems.length, 'thing')} to know about it.`,
    happened: [
      ...problems,
      ...resets.map(({ says }) => says),
      ...(await resolutionSentences(source, view, resets)),
    ],
    rule: null,
    needed: [],
    links: [],
    events: extremities,
  }
}

async function latestResets(source: InspectionSource, roomId: RoomId): Promise<readonly JournalEntry[]> {
  const { entries } = await inspectJournal(source, {
    room_id: roomId,
    resets_only: true,
    type: '',
    state_key: '',
    cursor: '',
    limit: MAX_RESETS,
  })
  return entries
}
