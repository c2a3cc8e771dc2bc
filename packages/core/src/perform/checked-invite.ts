import type { Pdu } from '@roomserver/events'

/** An invite in the correct form, as `performInvite` has read it from its request. */
export interface CheckedInvite {
  readonly event: Pdu
  readonly target: string
  readonly isTargetLocal: boolean
}
