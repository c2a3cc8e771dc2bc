import type { EventId, EventNid, UserId } from '@roomserver/types'
import type { RoomGraph } from '../graph/room-graph.ts'
import type { EvaluateNeed } from '../evaluate/room.ts'

/** What a decision lacks: what evaluations need, or what the store knows about its room beside the records. */
export type DecideNeed =
  | EvaluateNeed
  /** Which of these events are named as prev events by events of the graph. */
  | { readonly kind: 'successors'; readonly ids: readonly EventId[] }
  /** Events of the room at remote state. */
  | { readonly kind: 'remote-states' }
  /** All events of the room, put into a graph. */
  | { readonly kind: 'graph'; readonly into: RoomGraph }
  /** Whether we take part in the room. */
  | { readonly kind: 'not-departed' }
  /** Whether a user of ours is in the room. */
  | { readonly kind: 'resident' }
  /** Users of a server who are or were anything in the room. */
  | { readonly kind: 'users-of-server'; readonly server: string }
  /** Which of these events were purged with the history of the room. */
  | { readonly kind: 'purged'; readonly ids: readonly EventId[] }
  | { readonly kind: 'redactions-of'; readonly ids: readonly EventId[] }
  | { readonly kind: 'pending-invites'; readonly users: readonly UserId[] }
  /** What became of an invite. */
  | { readonly kind: 'invite'; readonly event: EventNid }
