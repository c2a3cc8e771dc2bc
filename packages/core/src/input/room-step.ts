import type { EventId } from '@roomserver/types'

/** What the queue of a room is doing. */
export type RoomStep =
  | { readonly kind: Exclude<keyof typeof TEXTS, 'deciding'> }
  | {
      readonly kind: 'deciding'
      /** The name of the task, for people. */
      readonly task: string
      /** The event that the task decides on; left out: the task is a command. */
      readonly eventId?: EventId | undefined
    }

const TEXTS = {
  idle: 'idle',
  'waiting-for-processes': 'waiting for other processes',
  'reading-room': 'reading the room',
  'reading-references': 'reading referenced records',
  deciding: '',
  committing: 'committing',
  answering: 'answering',
} as const

/** A step as logs show it. */
export function stepText(step: RoomStep): string {
  return step.kind === 'deciding' ? step.task : TEXTS[step.kind]
}
