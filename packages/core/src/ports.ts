import type { CoreStore, EventId } from '@roomserver/types'

export type {
  BlockedRoomStore,
  InboxItem,
  InboxStore,
  InspectionReads,
  LeaseStore,
  RecordStore,
  RepairStore,
  RoomStore,
  StoredOutput,
} from '@roomserver/types'

/** What a policy server answers when it is asked to sign an event. */
export type PolicyAnswer =
  /** Its signatures: server name → key ID → signature. Unchecked. */
  | { readonly kind: 'signed'; readonly signatures: unknown }
  /** It does not sign the event, and says why: a Matrix error code and a text. */
  | { readonly kind: 'refused'; readonly errcode: string; readonly error: string }

/** The way to the policy servers of rooms. */
export interface PolicyServers {
  /**
   * Asks a policy server to sign an event (`POST /_matrix/policy/v1/sign`). Rejects when there is no answer.
   *
   * @param signal - aborted when nobody waits for the answer any more
   * @see https://spec.matrix.org/v1.19/server-server-api/#asking-for-a-policy-server-signature-on-an-event
   */
  sign(
    request: {
      readonly server: string
      readonly roomVersion: string
      readonly eventId: EventId
      /** The event in the federation format. */
      readonly json: string
    },
    signal: AbortSignal,
  ): Promise<PolicyAnswer>
}

/** The room store as the core uses it. Every method needs one connection at the most and waits on nothing else. */
export type Store = CoreStore
