import type { EngineObserver } from '@roomserver/engine'
import type { Metrics } from '../metrics.ts'
import type { ProgramTracing } from '../tracing/create-tracing.ts'
import type { SlowLog } from './slow-log.ts'

/** Takes what the engine tells of its work to metrics, traces and the log. */
export interface Watch {
  readonly observer: EngineObserver
  /** The metrics look at the engine, and so are made after it. */
  tell(metrics: Pick<Metrics, 'step' | 'resolved'>): void
}

/** @param tracing - undefined: nothing is traced */
export function createWatch(
  tracing: Pick<ProgramTracing, 'stepsIn'> | undefined,
  slow: Pick<SlowLog, 'step'>,
): Watch {
  let metrics: Pick<Metrics, 'step' | 'resolved'> | undefined
  return {
    observer: {
      task: (roomId) => {
        const traced = tracing?.stepsIn(roomId)
        return (step, from, to, failure) => {
          const tookMs = to - from
          metrics?.step(step, tookMs)
          traced?.step(step, from, to, failure)
          slow.step({ step, tookMs, roomId, traceId: traced?.traceId })
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
