import type { Pdu } from '@roomserver/events'
import { type Suspendable, type EventRecord, NO_NID, serverOf } from '@roomserver/types'
import { eventsOf } from '../view/reads.ts'
import type { DecideNeed } from './decide-need.ts'
import type { Draft } from './draft.ts'
import type { EventInput, Outcome } from './event-input.ts'
import { endInvites, isLocal, noteOutside, pendingInvites } from './memberships.ts'
import { storeUnevaluated } from './store-unevaluated.ts'

/**
 * Ends the invites of a user of ours into a room that we know nothing else of, when their server takes them back. The
 * rules cannot be asked, since the state of the room is not known here; but whoever may invite may also think better
 * of it, and nobody else's invite ends.
 *
 * @param known - the event as it is stored
 * @returns `undefined` if the event is not one
 */
export function* withdrawInvite(
  draft: Draft,
  { kind, pdu, stateBefore }: EventInput,
  known: EventRecord | null,
): Suspendable<DecideNeed, Outcome | undefined> {
  const { stateKey: user, sender } = pdu
  if (kind !== 'new' || stateBefore !== undefined || draft.room.current !== NO_NID) return undefined
  if (user === undefined || !isEnd(pdu) || !isLocal(draft, user)) return undefined
  const { eventId } = pdu
  if (known !== null) return { kind: 'stored', eventId, verdict: known.verdict, known: true }
  const pending = yield* pendingInvites(draft, user)
  const invites = yield* eventsOf(
    draft.view,
    pending.map((invite) => invite.event),
  )
  const inviters = invites.map((invite) => serverOf(draft.view.pduOf(invite, draft.rules).sender))
  if (inviters.length === 0 || inviters.some((inviter) => inviter !== serverOf(sender))) return undefined

  const record = yield* storeUnevaluated(draft, pdu)
  yield* endInvites(draft, user, 'leave', record)
  yield* noteOutside(draft, user, 'leave')
  return { kind: 'stored', eventId, verdict: record.verdict, known: false }
}

function isEnd({ type, content }: Pdu): boolean {
  return type === 'm.room.member' && (content['membership'] === 'leave' || content['membership'] === 'ban')
}
