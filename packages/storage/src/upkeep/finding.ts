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
    means: 'states of the room cannot be read or are wrong',
    repair: `\`roomserver check --repair\` rebuilds it where it can be derived from the events; else ${BACKUP}`,
  },
  event: {
    means: 'the event or its successors cannot be re-evaluated',
    repair: `\`roomserver check --repair\` rebuilds its states; for an event that is lost or damaged, ${BACKUP}`,
  },
  record: {
    means: 'lookups miss the event, or show it with wrong data',
    repair:
      '`roomserver check --repair` restores the columns from the text of the event; stop every server first',
  },
  room: {
    means: 'new events of the room are checked against the wrong state',
    repair:
      '`roomserver check --repair` rebuilds the row of the room from its events; stop every server first',
  },
  link: {
    means: 'queries about the relation of the event to other events or users give wrong answers',
    repair: '`roomserver check --repair` rebuilds the row from the events; stop every server first',
  },
  membership: {
    means: 'queries about members of the room give wrong answers; its events are checked correctly',
    repair: '`roomserver check --repair` rebuilds the table from the current state',
  },
  journal: {
    means: 'the history of state changes is wrong; the room itself is not affected',
    repair: 'the data is stored nowhere else; restore a backup if you need it',
  },
  output: {
    means: 'other components miss events of the room',
    repair: 'make the components that consume the output log read the room again',
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
