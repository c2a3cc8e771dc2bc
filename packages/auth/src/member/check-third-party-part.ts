import { allow, type MemberCase, refuse } from '../auth-context.ts'
import { entryOf } from '../state.ts'
import { isSignedByInvite, signedPart } from '../third-party/signed-by-invite.ts'
import type { AuthVerdict } from '../verdict.ts'

/** The `third_party_invite` of an invite: it must go back to one that the same sender put into the state. */
export function checkThirdPartyPart(c: MemberCase): AuthVerdict {
  const { sender } = c.event
  const { target } = c
  if (c.targetIs === 'ban') {
    return refuse(c, 'member/invite/third-party/banned', () => `${target} is banned`)
  }
  const signed = signedPart(c.event)
  if (signed === undefined) {
    return refuse(c, 'member/invite/third-party/signed', () => 'third_party_invite has no signed part')
  }
  const { mxid, token } = signed
  if (typeof mxid !== 'string' || typeof token !== 'string') {
    return refuse(c, 'member/invite/third-party/parts', () => 'the signed part has no mxid or no token')
  }
  if (mxid !== target) {
    return refuse(c, 'member/invite/third-party/mxid', () => `${mxid} was signed, ${target} is invited`)
  }
  const invite = entryOf(c.state, 'm.room.third_party_invite', token)
  if (invite === undefined) {
    return refuse(c, 'member/invite/third-party/token', () => `no third-party invite with token ${token}`)
  }
  const { eventId, sender: inviter } = invite
  if (inviter !== sender) {
    const reason = () => `the third-party invite ${eventId} is by ${inviter}, not ${sender}`
    return refuse(c, 'member/invite/third-party/sender', reason)
  }
  if (isSignedByInvite(c.event, invite)) return allow(c, 'member/invite/third-party/signature')
  const reason = () => `no signature of the signed part fits a public key of ${eventId}`
  return refuse(c, 'member/invite/third-party/otherwise', reason)
}
