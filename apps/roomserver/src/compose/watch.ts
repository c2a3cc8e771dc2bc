import type { EngineObserver } from '@roomserver/engine'
import type { Metrics } from '../metrics.ts'
import type { ProgramTracing } from '../tracing/create-tracing.ts'

/** Takes what the engine tells of its work to metrics and traces. */
export interface Watch {
  readonly observer: EngineObserver
  /** The metrics look at the engine, and so are made after it. */
  tell(metrics: Pick<Metrics, 'step' | 'resolved'>): void
}

/** @param tracing - undefined: nothing is traced */
export function createWatch(tracing: Pick<ProgramTracing, 'stepsOfOperation'> | undefined): Watch {
  let metrics: Pick<Metrics, 'step' | 'resolved'> | undefined
  return {
    observer: {
      task: () => {
        const trace = tracing?.stepsOfOperation()
        return (step, from, to) => {
          metrics?.step(step, to - from)
          trace?.(step, from, to)
        }
      },
      resolved: (entries, ms) => metrics?.resolved(entries, ms),
      published: (ms) => metrics?.step('publish', ms),
    },
    tell: (told) => {
      metrics = told
    },
  }
}
