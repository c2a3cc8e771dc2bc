import { AsyncLocalStorage } from 'node:async_hooks'
import { randomUUID } from 'node:crypto'
import { answerStatus, type Tracing } from '@roomserver/inthttp'
import { isFailure, type Logger } from '@roomserver/types'
import { programVersion } from '../program-version.ts'
import { type Span, SpanExporter } from './span-exporter.ts'
import { formatTraceparent, newContext, parseTraceparent, type TraceContext } from './trace-context.ts'
import type { TracingSettings } from './tracing-settings.ts'

/** The steps of what is done in a room for an operation. */
export interface TracedSteps {
  readonly traceId: string
  /**
   * Makes a child of the operation's span; times as `performance.now()` gives them.
   *
   * @param failure - what ended the step, in one word; undefined: it went well
   */
  step(name: string, from: number, to: number, failure: string | undefined): void
}

/** Traces of the program. */
export interface ProgramTracing extends Tracing, AsyncDisposable {
  /** Asked by the operation at work, whose steps may end later. Undefined: nothing is traced here. */
  stepsIn(roomId: string): TracedSteps | undefined
}

/** Where a program is in a trace, and which rooms the operation has come to. */
interface Place {
  readonly context: TraceContext
  readonly rooms: Set<string>
}

/** Rooms of one operation that are counted. */
const MAX_ROOMS = 1_000

/**
 * Traces operations, the steps of events in their rooms, and the calls of other components that are made for them, over OTLP.
 * A caller's trace is taken up, and handed on to the components.
 */
export function createTracing(settings: TracingSettings, log: Logger): ProgramTracing {
  const resource = { 'service.version': programVersion(), 'service.instance.id': randomUUID() }
  const exporter = new SpanExporter(settings, { ...resource, ...settings.resource }, log)
  const current = new AsyncLocalStorage<Place>()

  const trace = async <T>(
    span: Pick<Span, 'name' | 'kind'> & { attributes(error: unknown): Span['attributes'] },
    parent: TraceContext | undefined,
    rooms: Set<string>,
    work: (context: TraceContext) => Promise<T>,
  ): Promise<T> => {
    const context = newContext(parent, settings.sample)
    const begun = performance.now()
    const end = (error: unknown) => {
      if (!context.isSampled) return
      const { name, kind } = span
      const attributes = { ...span.attributes(error), ...roomAttributes(rooms) }
      const place = { context, parentSpanId: parent?.spanId, ...times(begun, performance.now()) }
      exporter.add({ name, kind, attributes, ...place, error: failureText(error) })
    }
    try {
      const result = await current.run({ context, rooms }, () => work(context))
      end(undefined)
      return result
    } catch (error) {
      end(error)
      throw error
    }
  }

  return {
    operation: ({ name, traceparent, roomId }, work) => {
      const attributes = (error: unknown) => ({
        'rpc.system': 'roomserver',
        'rpc.method': name,
        'http.response.status_code': error === undefined ? 200 : answerStatus(error),
      })
      const rooms = new Set(roomId === undefined ? [] : [roomId])
      return trace({ name, kind: 'server', attributes }, parseTraceparent(traceparent), rooms, (context) =>
        work(context.isSampled ? context.traceId : undefined),
      )
    },
    call: (component, operation, work) => {
      const attributes = () => ({
        'rpc.system': 'roomserver',
        'rpc.service': component,
        'rpc.method': operation,
      })
      const place = current.getStore()
      const span = { name: `${component} ${operation}`, kind: 'client', attributes } as const
      return trace(span, place?.context, place?.rooms ?? new Set(), (context) =>
        work(formatTraceparent(context)),
      )
    },
    stepsIn: (roomId) => {
      const place = current.getStore()
      if (place?.context.isSampled !== true) return undefined
      const { context: parent, rooms } = place
      if (rooms.size < MAX_ROOMS) rooms.add(roomId)
      return {
        traceId: parent.traceId,
        step: (name, from, to, error) => {
          const context = newContext(parent, settings.sample)
          const attributes = roomAttributes(new Set([roomId]))
          const span = { name, kind: 'internal', attributes, error } as const
          exporter.add({ ...span, context, parentSpanId: parent.spanId, ...times(from, to) })
        },
      }
    },
    [Symbol.asyncDispose]: () => exporter[Symbol.asyncDispose](),
  }
}

/** The room that something is about; of several only how many there are. */
function roomAttributes(rooms: ReadonlySet<string>): Span['attributes'] {
  const [only] = rooms
  if (only === undefined) return {}
  return rooms.size === 1 ? { 'matrix.room_id': only } : { 'matrix.room_count': rooms.size }
}

function failureText(error: unknown): string | undefined {
  if (error === undefined) return undefined
  return isFailure(error) ? error.code : 'unexpected failure'
}

/** Times since 1970, of times as `performance.now()` gives them. */
function times(from: number, to: number): Pick<Span, 'startMs' | 'endMs'> {
  return { startMs: performance.timeOrigin + from, endMs: performance.timeOrigin + to }
}
