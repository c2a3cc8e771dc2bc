import { AsyncLocalStorage } from 'node:async_hooks'
import type { Tracing } from '@roomserver/inthttp'
import { isFailure, type Logger } from '@roomserver/types'
import { type Span, SpanExporter } from './span-exporter.ts'
import { formatTraceparent, newContext, parseTraceparent, type TraceContext } from './trace-context.ts'
import type { TracingSettings } from './tracing-settings.ts'

/** Traces of the program. */
export interface ProgramTracing extends Tracing, AsyncDisposable {
  /**
   * Makes children of the span of the operation at work, which end later than this is asked; times as `performance.now()`
   * gives them. Undefined: nothing is traced here.
   */
  stepsOfOperation(): ((step: string, from: number, to: number) => void) | undefined
}

/**
 * Traces operations, and the calls of other components that are made for them, over OTLP. A caller's trace is taken
 * up, and handed on to the components.
 */
export function createTracing(settings: TracingSettings, log: Logger): ProgramTracing {
  const exporter = new SpanExporter(settings, log)
  const current = new AsyncLocalStorage<TraceContext>()

  const trace = async <T>(
    span: Pick<Span, 'name' | 'kind' | 'attributes'>,
    parent: TraceContext | undefined,
    work: (context: TraceContext) => Promise<T>,
  ): Promise<T> => {
    const context = newContext(parent, settings.sample)
    if (!context.isSampled) return current.run(context, () => work(context))
    const startMs = performance.timeOrigin + performance.now()
    const end = (error: string | undefined) => {
      const endMs = performance.timeOrigin + performance.now()
      exporter.add({ ...span, context, parentSpanId: parent?.spanId, startMs, endMs, error })
    }
    try {
      const result = await current.run(context, () => work(context))
      end(undefined)
      return result
    } catch (error) {
      end(isFailure(error) ? error.code : 'unexpected failure')
      throw error
    }
  }

  return {
    operation: (name, traceparent, work) => {
      const attributes = { 'rpc.system': 'roomserver', 'rpc.method': name }
      return trace({ name, kind: 'server', attributes }, parseTraceparent(traceparent), work)
    },
    call: (component, operation, work) => {
      const attributes = { 'rpc.system': 'roomserver', 'rpc.service': component, 'rpc.method': operation }
      const name = `${component} ${operation}`
      return trace({ name, kind: 'client', attributes }, current.getStore(), (context) => {
        return work(formatTraceparent(context))
      })
    },
    stepsOfOperation: () => {
      const parent = current.getStore()
      if (parent?.isSampled !== true) return undefined
      return (name, from, to) => {
        const context = newContext(parent, settings.sample)
        const [startMs, endMs] = [performance.timeOrigin + from, performance.timeOrigin + to]
        const span = { name, kind: 'internal', attributes: {}, error: undefined } as const
        exporter.add({ ...span, context, parentSpanId: parent.spanId, startMs, endMs })
      }
    },
    [Symbol.asyncDispose]: () => exporter[Symbol.asyncDispose](),
  }
}
