import type { RoomId } from '@roomserver/types'

/** What a task of a room does, one after the other. */
export type WorkStep = 'queue' | 'decide' | 'commit'

/**
 * Is told of each step of a task; times in milliseconds, as `performance.now()` gives them.
 *
 * @param failure - the code of the failure that ended it; `conflict` where another process was faster; undefined: it went well
 */
export type TaskObserver = (step: WorkStep, from: number, to: number, failure?: string) => void

/** Wants to know how long what takes; for metrics and traces. */
export interface WorkObserver {
  /** Called where a task of a room is queued, by whoever queues it; undefined: nobody wants to know about this one. */
  readonly task?: (roomId: RoomId) => TaskObserver | undefined
}
