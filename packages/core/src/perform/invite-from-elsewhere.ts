import type { PerformInviteRequest } from '@roomserver/api'
import { headeredJson, type Pdu } from '@roomserver/events'
import {
  type Suspendable,
  type EventRecord,
  type JsonObject,
  NO_NID,
  type RoomRecord,
  serverOf,
} from '@roomserver/types'
import type { DecideNeed } from '../decide/decide-need.ts'
import type { Draft } from '../decide/draft.ts'
import { beginInvite, fateOf, noteOutside } from '../decide/memberships.ts'
import { storeUnevaluated } from '../decide/store-unevaluated.ts'
import { readRoom } from '../query/context.ts'
import { isServerInRoom } from '../query/servers.ts'
import { eventsWithIds, eventWithId } from '../view/reads.ts'
import type { Need } from '../view/record-kinds.ts'
import type { View } from '../view/view.ts'
import type { PerformContext } from './context.ts'
import type { CheckedInvite } from './checked-invite.ts'
import { inviteState, shownByOthers, withInviteState } from './invite-state.ts'
import { Refusal } from './refusal.ts'
import { command } from './room-command.ts'
import { failureOf, newEvent } from './send.ts'

/**
 * Takes an invite in that another server sends to a user of ours. Where we are in the room and have what the invite
 * builds on, it is an event of the room like any other. Otherwise its rules cannot be checked: so the event is kept
 * outside the room's graph, and all it does is to let the user know and to be accepted or rejected.
 *
 * @throws {Refusal} when the rules of the room, as far as it is known here, do not allow it
 */
export async function inviteFromElsewhere(
  context: PerformContext,
  request: PerformInviteRequest,
  room: RoomRecord | undefined,
  { event, target }: CheckedInvite,
): Promise<void> {
  const given = await shownByOthers(context, request, event)
  const shown = withInviteState(event, await inviteState(context, given, room, event))
  if (room !== undefined && (await isServerInRoom(context, room, ''))) {
    if (await readRoom(context, (view) => isConnected(view, room, event)))
      return await inviteInRoom(context, shown)
    const member = await context.store.membership(room.nid, target)
    if (member?.membership === 'ban') throw new Refusal('notAllowed', `${target} is banned from the room`)
  }
  const place = { roomId: event.roomId, version: event.rules.version }
  await command(context, place, `invite ${event.eventId}`, (draft) => noteInvite(draft, shown, target))
}

/** Whether all prev events and auth events of an event are stored, so that it can be evaluated at once. */
function* isConnected(
  view: View,
  room: RoomRecord,
  { prevEvents, authEvents }: Pdu,
): Suspendable<Need, boolean> {
  const prev = yield* eventsWithIds(view, prevEvents)
  const referenced = yield* eventsWithIds(view, authEvents)
  const isHere = (record: EventRecord | null) => record?.roomNid === room.nid
  const isInGraph = (record: EventRecord | null) => isHere(record) && record?.before !== NO_NID
  return prev.length > 0 && prev.every(isInGraph) && referenced.every(isHere)
}

async function inviteInRoom(context: PerformContext, event: Pdu): Promise<void> {
  const origin = serverOf(event.sender) ?? ''
  const outcome = await context.input.ingest(newEvent(event, origin, ''))
  const failure = failureOf(outcome)
  if (failure !== '') throw new Refusal('notAllowed', failure)
}

function* noteInvite(draft: Draft, event: Pdu, target: string): Suspendable<DecideNeed, void> {
  const known = yield* eventWithId(draft.view, event.eventId)
  if (known !== null && !(yield* isNews(draft, known, target))) return
  const record = known ?? (yield* storeUnevaluated(draft, event))
  yield* noteOutside(draft, target, 'invite')
  yield* beginInvite(draft, record, target, JSON.parse(headeredJson(event)) as JsonObject)
}

/**
 * Whether an invite that is stored has something to say: not where it came with the room's other events meanwhile, and is
 * part of its state, nor where the user has answered it or it was withdrawn, nor where another event has its ID.
 */
function* isNews(draft: Draft, known: EventRecord, target: string): Suspendable<DecideNeed, boolean> {
  if (known.roomNid !== draft.read.nid || known.before !== NO_NID) return false
  const { type, stateKey } = draft.view.pduOf(known, draft.rules)
  if (type !== 'm.room.member' || stateKey !== target) return false
  const fate = yield* fateOf(draft, known.nid)
  return fate === 'pending' || fate === 'unknown'
}
