import { randomBytes } from 'node:crypto'

/** Where a span stands among those of a trace. @see https://www.w3.org/TR/trace-context/#traceparent-header */
export interface TraceContext {
  /** 32 hex digits. */
  readonly traceId: string
  /** 16 hex digits. */
  readonly spanId: string
  readonly isSampled: boolean
}

/** Reads a `traceparent` header; `undefined` for none and for one that is wrong. */
export function parseTraceparent(header: string | undefined): TraceContext | undefined {
  const match = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/.exec(header ?? '')
  const [, version = 'ff', traceId = '', spanId = '', flags = '0', rest] = match ?? []
  if (version === 'ff' || (version === '00' && rest !== undefined)) return undefined
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 }
}

/** Writes the header for whoever is called next. */
export function formatTraceparent({ traceId, spanId, isSampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${isSampled ? '01' : '00'}`
}

/** A context below `parent`, or at the root of a new trace. */
export function newContext(parent: TraceContext | undefined, sample: Sampler): TraceContext {
  const traceId = parent?.traceId ?? randomBytes(16).toString('hex')
  return { traceId, spanId: randomBytes(8).toString('hex'), isSampled: sample(traceId, parent) }
}

/** Decides whether a span is recorded. */
export type Sampler = (traceId: string, parent: TraceContext | undefined) => boolean

/**
 * The sampler of a name and an argument, as OpenTelemetry's environment variables give them; `undefined` for a name
 * that is not known.
 */
export function samplerOf(name: string, argument: string): Sampler | undefined {
  if (name.startsWith('parentbased_')) {
    const root = samplerOf(name.slice('parentbased_'.length), argument)
    return root && ((traceId, parent) => parent?.isSampled ?? root(traceId, parent))
  }
  if (name === 'always_on') return () => true
  if (name === 'always_off') return () => false
  return name === 'traceidratio' ? ratioSampler(argument) : undefined
}

/** Keeps traces whose ID, as a number, is in the lower part: the same ones on every server. */
function ratioSampler(argument: string): Sampler {
  const ratio = argument === '' ? 1 : Number(argument)
  const bound = Math.min(1, Math.max(0, Number.isNaN(ratio) ? 1 : ratio)) * 2 ** 32
  return (traceId) => Number.parseInt(traceId.slice(-8), 16) < bound
}
