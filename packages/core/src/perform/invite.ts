import type { PerformInviteRequest, PerformInviteResponse } from '@roomserver/api'
import { MAX_EVENT_BYTES, type Pdu, receivePdu } from '@roomserver/events'
import { isLongerThan, RoomserverError, serverOf } from '@roomserver/types'
import { roomVersion } from '@roomserver/version'
import { isStub } from '../query/context.ts'
import { invalidArgument } from '../query/failures.ts'
import type { CheckedInvite } from './checked-invite.ts'
import type { PerformContext } from './context.ts'
import { faultOfId, quoted } from './identifiers.ts'
import { inviteFromElsewhere } from './invite-from-elsewhere.ts'
import { inviteFromHere } from './invite-from-here.ts'
import { Refusal, refuseBlocked, unlessRefused } from './refusal.ts'

/**
 * {@link takeInvite} for callers over the wire, who get a refusal as an answer.
 *
 * @throws {RoomserverError} MALFORMED_EVENT, INVALID_ARGUMENT
 */
export function performInvite(
  context: PerformContext,
  request: PerformInviteRequest,
): Promise<PerformInviteResponse> {
  return unlessRefused<PerformInviteResponse>(
    async () => {
      await takeInvite(context, request)
      return { Error: null }
    },
    (error) => ({ Error: error }),
  )
}

/**
 * Takes an invite in: one that a user of ours sends, which goes the way of every event (and first to the server of the
 * invited user, to be signed there), or one that another server sends to a user of ours.
 *
 * @throws {Refusal} or a {@link RoomserverError}: MALFORMED_EVENT, INVALID_ARGUMENT
 */
export async function takeInvite(context: PerformContext, request: PerformInviteRequest): Promise<void> {
  const invite = inviteOf(context, request)
  await refuseBlocked(context, invite.event.roomId)
  checkShownState(request)
  const isOriginLocal = serverOf(invite.event.sender) === context.serverName
  if (!isOriginLocal && !invite.isTargetLocal) {
    throw new Refusal('badRequest', 'The invite must be either from or to a local user')
  }
  const room = await context.store.room(invite.event.roomId)
  const member = room && (await context.store.membership(room.nid, invite.target))
  if (member?.membership === 'join') throw new Refusal('notAllowed', 'User is already joined to room')

  const known = room === undefined || isStub(room) ? undefined : room
  if (isOriginLocal) await inviteFromHere(context, request, known, invite)
  else await inviteFromElsewhere(context, request, known, invite)
}

/** What the invited user is shown is stored and sent as part of the invite. */
function checkShownState({ invite_room_state: shown }: PerformInviteRequest): void {
  if (!isLongerThan(JSON.stringify(shown), MAX_EVENT_BYTES)) return
  throw new Refusal('badRequest', `invite_room_state has more than ${MAX_EVENT_BYTES} bytes`)
}

function inviteOf(context: PerformContext, { event, room_version }: PerformInviteRequest): CheckedInvite {
  const rules = roomVersion(room_version === '' ? (event?.roomVersion ?? '') : room_version)
  if (event === null) throw invalidArgument('event', 'an invite', 'the request has no invite event')
  if (rules === undefined) {
    throw new Refusal('badRequest', `The room version ${quoted(room_version)} is not known`)
  }
  const parsed = receivePdu(event.json, rules)
  if (!parsed.ok) {
    const { rule, reason } = parsed
    throw new RoomserverError('MALFORMED_EVENT', { rule, reason }, `the invite is malformed: ${reason}`)
  }
  const target = parsed.pdu.stateKey
  if (target === undefined) {
    throw invalidArgument('event.state_key', 'a user ID', 'invite must be a state event')
  }
  checkMembership(parsed.pdu, target)
  return { event: parsed.pdu, target, isTargetLocal: serverOf(target) === context.serverName }
}

function checkMembership({ type, content }: Pdu, target: string): void {
  if (faultOfId('@', target) !== undefined) {
    throw new Refusal('badRequest', `The user ID ${quoted(target)} is invalid!`)
  }
  if (type === 'm.room.member' && content['membership'] === 'invite') return
  throw new Refusal('badRequest', 'The event is not an invite')
}
