/** What a task of a room does, one after the other. */
export type WorkStep = 'queue' | 'decide' | 'commit'

/** Is told of each step of a task; times in milliseconds, as `performance.now()` gives them. */
export type TaskObserver = (step: WorkStep, from: number, to: number) => void

/** Wants to know how long what takes; for metrics and traces. */
export interface WorkObserver {
  /** Called where a task is queued, by whoever queues it; undefined: nobody wants to know about this one. */
  readonly task?: () => TaskObserver | undefined
}
