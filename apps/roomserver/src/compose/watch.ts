import type { EngineObserver } from '@roomserver/engine'
import type { ObservedCall } from '@roomserver/inthttp'
import type { Metrics } from '../metrics.ts'
import type { ProgramTracing } from '../tracing/create-tracing.ts'
import type { SlowLog } from './slow-log.ts'

type StepMetrics = Pick<Metrics, 'step' | 'resolved' | 'called'>

/** Takes what the engine tells of its work to metrics, traces and the log. */
export interface Watch {
  readonly observer: EngineObserver
  /** Takes what is told of calls of other components. */
  readonly called: (call: ObservedCall) => void
  /** The metrics look at the engine, and so are made after it. */
  tell(metrics: StepMetrics): void
}

/** @param tracing - undefined: nothing is traced */
export function createWatch(
  tracing: Pick<ProgramTracing, 'stepsIn'> | undefined,
  slow: Pick<SlowLog, 'step'>,
): Watch {
  let metrics: StepMetrics | undefined
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
    called: (call) => metrics?.called(call),
    tell: (these) => {
      metrics = these
    },
  }
}
