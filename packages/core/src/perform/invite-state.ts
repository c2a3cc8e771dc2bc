import type { PerformInviteRequest, StrippedState } from '@roomserver/api'
import { type Pdu, receivePdu, withUnsigned } from '@roomserver/events'
import { type Suspendable, NO_NID, type RoomRecord } from '@roomserver/types'
import { readRoom } from '../query/context.ts'
import { rulesOf } from '../output/headered.ts'
import { eventsOf } from '../view/reads.ts'
import type { Need } from '../view/record-kinds.ts'
import { stateForTuples } from '../view/state-at.ts'
import type { View } from '../view/view.ts'
import { checkInviteState } from './check-invite-state.ts'
import type { PerformContext } from './context.ts'

/** What somebody outside is shown of a room that they are invited into. */
const SHOWN = [
  'm.room.name',
  'm.room.canonical_alias',
  'm.room.join_rules',
  'm.room.avatar',
  'm.room.encryption',
  'm.room.create',
].map((type) => ({ type, stateKey: '' }))

/**
 * The few state events that tell an invited user what room it is: those of the request, or else taken from the room,
 * with the invite before and behind them, as consumers know it.
 *
 * @see https://spec.matrix.org/v1.19/client-server-api/#stripped-state
 */
export async function inviteState(
  context: PerformContext,
  { invite_room_state: given }: Pick<PerformInviteRequest, 'invite_room_state'>,
  room: RoomRecord | undefined,
  invite: Pdu,
): Promise<readonly StrippedState[]> {
  if (given.length > 0 || room === undefined) return given
  const shown = await readRoom(context, (view) => shownState(view, room))
  return [invite, ...shown, invite].map(stripped)
}

/** The invite with that state beside it. */
export function withInviteState(invite: Pdu, state: readonly StrippedState[]): Pdu {
  return withUnsigned(invite, { invite_room_state: state.length === 0 ? {} : state })
}

/** The events to show, in the order in which they came to the room. */
function* shownState(view: View, room: RoomRecord): Suspendable<Need, readonly Pdu[]> {
  const nids = (yield* stateForTuples(view, room.current, SHOWN)).filter((nid) => nid !== NO_NID)
  const records = yield* eventsOf(
    view,
    nids.toSorted((a, b) => a - b),
  )
  const rules = rulesOf(room)
  return records.map((record) => view.pduOf(record, rules))
}

/**
 * What another server shows of the room that it invites into, for clients: of whole events, which are checked, only the few
 * members that clients are shown.
 *
 * @throws {Refusal} see {@link checkInviteState}
 */
export async function shownByOthers(
  context: PerformContext,
  { invite_room_state: asStripped, invite_room_state_pdus: pdus }: PerformInviteRequest,
  invite: Pdu,
): Promise<Pick<PerformInviteRequest, 'invite_room_state'>> {
  // Before version 12 servers may be lenient, and others send the few members only, as they always have.
  const isLenient = invite.rules.roomId !== 'create-hash'
  const isKnown =
    pdus.length > 0 && !(isLenient && pdus.some(({ json }) => !receivePdu(json, invite.rules).ok))
  const isRequired = context.compatibility === 'current' && !isLenient
  if (!isKnown && !isRequired) return { invite_room_state: asStripped }
  return { invite_room_state: (await checkInviteState(context, invite, pdus)).map(stripped) }
}

function stripped({ content, stateKey, type, sender }: Pdu): StrippedState {
  return { content, state_key: stateKey ?? null, type, sender }
}
