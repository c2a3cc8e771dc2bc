import type { RoomId } from '@roomserver/types'
import type { RawBuilder } from 'kysely'

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
  /** The statement that makes a row what the events say, where that is all there is to it. */
  readonly rebuild?: RawBuilder<unknown> | undefined
}

const BACKUP = 'restore a backup, or `roomserver replay` the room’s events into a new store'

/** The kinds of finding: what follows from each, and what repairs it. */
const KINDS = {
  state: {
    means: 'the state of the room at events cannot be read, or cannot be trusted',
    repair: `\`roomserver check --repair\` makes it anew where it follows from the events; else ${BACKUP}`,
  },
  event: {
    means: 'the event, or what builds on it, cannot be re-evaluated',
    repair: `\`roomserver check --repair\` makes its states anew; for an event that is gone or damaged, ${BACKUP}`,
  },
  record: {
    means: 'the event is not found for what it is, or shown as something else',
    repair: '`roomserver check --repair` takes over what the text of the event says; stop every server first',
  },
  room: {
    means: 'new events of the room are judged against the wrong state',
    repair:
      '`roomserver check --repair` makes the row of the room anew from its events; stop every server first',
  },
  link: {
    means: 'what an event has to do with others, or with a user, is not found when they are asked about',
    repair: '`roomserver check --repair` makes the row anew from the events; stop every server first',
  },
  membership: {
    means: 'questions about who is in the room get a wrong answer; its events are judged rightly',
    repair: '`roomserver check --repair` takes the table over from the current state',
  },
  journal: {
    means: 'what is told about how the state of the room came about is not so; the room itself is sound',
    repair: 'nothing else has kept that: restore a backup where it matters',
  },
  output: {
    means: 'other components have missed, or will miss, something that happened in the room',
    repair: 'let the components that consume the output log read the room again',
  },
} as const

export type FindingKind = keyof typeof KINDS

/**
 * Says what is wrong, in a sentence with the values.
 *
 * @param rebuild - see {@link Finding.rebuild}
 */
export function finding(
  roomId: RoomId,
  kind: FindingKind,
  what: string,
  rebuild?: RawBuilder<unknown>,
): Finding {
  return { roomId, kind, what, ...KINDS[kind], rebuild }
}
