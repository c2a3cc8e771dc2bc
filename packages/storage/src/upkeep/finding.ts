import type { RoomId } from '@roomserver/types'

/** Something in the database that contradicts something else in it. */
export interface Finding {
  readonly roomId: RoomId
  readonly kind: FindingKind
  /** What is wrong, with the values. */
  readonly what: string
  /** What follows from it. */
  readonly means: string
  /** What repairs it. */
  readonly repair: string
}

/** The kinds of finding: what follows from each, and what repairs it. */
const KINDS = {
  block: {
    means: 'the state of the room at the events whose snapshots hold the block cannot be trusted',
    repair: 'restore a backup, or `roomserver replay` the room’s events into a new store',
  },
  snapshot: {
    means: 'the state of the room at the events that refer to the snapshot cannot be read',
    repair: 'restore a backup, or `roomserver replay` the room’s events into a new store',
  },
  event: {
    means: 'the event, or what builds on it, cannot be judged again',
    repair:
      '`roomserver check --repair` makes its states anew; for an event that is gone or damaged, restore a backup, or `roomserver replay` the room’s events into a new store',
  },
  room: {
    means: 'new events of the room are judged against the wrong state',
    repair: '`roomserver check --repair` makes extremities and current state anew from the events',
  },
  membership: {
    means: 'questions about who is in the room get a wrong answer; its events are judged rightly',
    repair: '`roomserver check --repair` takes the table over from the current state',
  },
  output: {
    means: 'other components have missed, or will miss, something that happened in the room',
    repair: 'let the components that consume the output log read the room again',
  },
} as const

export type FindingKind = keyof typeof KINDS

/** Says what is wrong, in a sentence with the values. */
export function finding(roomId: RoomId, kind: FindingKind, what: string): Finding {
  return { roomId, kind, what, ...KINDS[kind] }
}
