import type { PerformInviteRequest } from '@roomserver/api'
import { isSameEvent, receivePdu, type Pdu } from '@roomserver/events'
import type { RoomRecord } from '@roomserver/types'
import { headered } from '../output/headered.ts'
import { inviteStatePdus } from '../query/invite-room-state.ts'
import { refusalOf } from './build.ts'
import { federationFor } from './components.ts'
import type { PerformContext } from './context.ts'
import { quoted } from './identifiers.ts'
import type { CheckedInvite } from './checked-invite.ts'
import { inviteState, withInviteState } from './invite-state.ts'
import { isInvalidParam, Refusal } from './refusal.ts'
import { newEvent } from './send.ts'

/** Sends an invite of a user of ours: through the server of the invited user if that is another one, then to the room. */
export async function inviteFromHere(
  context: PerformContext,
  request: PerformInviteRequest,
  room: RoomRecord | undefined,
  { event, isTargetLocal }: CheckedInvite,
): Promise<void> {
  if (room === undefined) throw new Refusal('noRoom', `room ${quoted(event.roomId)} does not exist`)
  const refusal = await refusalOf(context, room, event)
  if (refusal !== undefined) throw new Refusal('notAllowed', refusal)

  const state = await inviteState(context, request, room, event)
  const shown = withInviteState(await signedByPolicyServer(context, event), state)
  const isToBeSent = request.send_as_server !== ''
  const signed = isTargetLocal || !isToBeSent ? shown : await signedElsewhere(context, room, shown, state)
  const input = newEvent(signed, context.serverName, request.send_as_server)
  const { ErrMsg } = await context.input.inputRoomEvents({
    input_room_events: [{ ...input, transaction_id: request.transaction_id }],
    async: false,
  })
  if (ErrMsg !== '') throw new Refusal('notAllowed', `r.InputRoomEvents: ${ErrMsg}`)
}

/** Has the invite signed by the server of the invited user, which so learns of it. */
async function signedElsewhere(
  context: PerformContext,
  room: RoomRecord,
  event: Pdu,
  state: PerformInviteRequest['invite_room_state'],
): Promise<Pdu> {
  const { rules, eventId } = event
  const federation = federationFor(context, 'inviting a user of another server')
  const knowsPdus = context.compatibility === 'current'
  const answer = await federation
    .performInviteRequest({
      room_version: rules.version,
      event: headered(event, rules),
      invite_room_state: state,
      invite_room_state_pdus: knowsPdus ? await inviteStatePdus(context, room) : [],
    })
    .catch((error: unknown) => {
      const text = error instanceof Error ? error.message : String(error)
      throw new Refusal(isInvalidParam(text) ? 'unclassified' : 'notAllowed', text)
    })
  const signed = answer.event === null ? undefined : receivePdu(answer.event.json, rules)
  if (signed?.ok === true && signed.pdu.eventId === eventId && isSameEvent(signed.pdu, event))
    return signed.pdu
  throw new Refusal('notAllowed', 'The server of the invited user returned a different event')
}

/** Has the policy server of the room sign an invite, if there is one, before another server gets to see it. */
async function signedByPolicyServer({ input }: PerformContext, event: Pdu): Promise<Pdu> {
  const checked = await input.signedByPolicyServer(event)
  if (checked === undefined) return event
  if (checked.check.passed) return checked.pdu
  throw new Refusal('notAllowed', checked.check.reason)
}
