import type { PerformInviteRequest } from '@roomserver/api'
import { headeredJson, type Pdu } from '@roomserver/events'
import { type Asking, type JsonObject, NO_NID, type RoomRecord } from '@roomserver/types'
import type { DecideNeed } from '../decide/decide-need.ts'
import type { Draft } from '../decide/draft.ts'
import { beginInvite, noteOutside } from '../decide/memberships.ts'
import { storeUnjudged } from '../decide/store-unjudged.ts'
import { eventWithId } from '../view/asking.ts'
import type { PerformContext } from './context.ts'
import type { Invite } from './invite.ts'
import { inviteState, withInviteState } from './invite-state.ts'
import { command } from './room-command.ts'

/**
 * Notes an invite that another server sends to a user of ours. Its rules cannot be checked, since the state of its room
 * is not known here, or not well enough: so the event is kept outside the room's graph, and all it does is to let the
 * user know and to be accepted or rejected.
 */
export async function inviteFromElsewhere(
  context: PerformContext,
  request: PerformInviteRequest,
  room: RoomRecord | undefined,
  { event, target }: Invite,
): Promise<void> {
  const shown = withInviteState(event, await inviteState(context, request, room, event))
  const place = { roomId: event.roomId, version: event.rules.version }
  await command(context, place, `invite ${event.eventId}`, (draft) => noteInvite(draft, shown, target))
}

function* noteInvite(draft: Draft, event: Pdu, target: string): Asking<DecideNeed, void> {
  const known = yield* eventWithId(draft.view, event.eventId)
  // It came with the room's other events meanwhile, and is part of its state.
  if (known !== null && known.before !== NO_NID) return
  const record = known ?? (yield* storeUnjudged(draft, event))
  yield* noteOutside(draft, target, 'invite')
  yield* beginInvite(draft, record, target, JSON.parse(headeredJson(event)) as JsonObject)
}
