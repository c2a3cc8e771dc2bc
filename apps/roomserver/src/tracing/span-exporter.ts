import type { Logger } from '@roomserver/types'
import type { TraceContext } from './trace-context.ts'
import type { TracingSettings } from './tracing-settings.ts'

/** A span that has ended. */
export interface Span {
  readonly context: TraceContext
  readonly parentSpanId: string | undefined
  readonly name: string
  readonly kind: 'internal' | 'server' | 'client'
  readonly startMs: number
  readonly endMs: number
  readonly attributes: Readonly<Record<string, string | number>>
  /** What went wrong, if anything. */
  readonly error: string | undefined
}

const KINDS = { internal: 1, server: 2, client: 3 } as const
const STATUS_ERROR = 2

/** Spans that wait at the most; later ones are dropped. */
const MAX_WAITING = 2_048
const MAX_BATCH = 512
const INTERVAL_MS = 5_000
const TIMEOUT_MS = 10_000

/** Sends spans in batches. What cannot be sent is dropped: traces never hold the server up. */
export class SpanExporter implements AsyncDisposable {
  readonly #settings: Pick<TracingSettings, 'endpoint' | 'headers'>
  readonly #resource: Span['attributes']
  readonly #log: Logger
  readonly #timer: NodeJS.Timeout
  #waiting: Span[] = []
  #sending: Promise<void> = Promise.resolve()

  /** @param resource - what all spans are of: the service, and which process of it */
  constructor(
    settings: Pick<TracingSettings, 'endpoint' | 'headers'>,
    resource: Span['attributes'],
    log: Logger,
  ) {
    this.#settings = settings
    this.#resource = resource
    this.#log = log
    this.#timer = setInterval(() => this.flush(), INTERVAL_MS).unref()
  }

  add(span: Span): void {
    if (this.#waiting.length >= MAX_WAITING) return
    this.#waiting.push(span)
    if (this.#waiting.length === MAX_BATCH) this.flush()
  }

  /** Sends what waits. */
  flush(): void {
    const batch = this.#waiting
    if (batch.length === 0) return
    this.#waiting = []
    this.#sending = this.#sending.then(() => this.#send(batch))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    this.flush()
    await this.#sending
  }

  async #send(spans: readonly Span[]): Promise<void> {
    try {
      const response = await fetch(this.#settings.endpoint, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...this.#settings.headers },
        body: JSON.stringify(otlp(spans, this.#resource)),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      })
      await response.body?.cancel()
      if (!response.ok)
        this.#log.warn(
          { status: response.status, spans: spans.length },
          'trace collector rejected spans; dropped them',
        )
    } catch (error) {
      this.#log.warn(
        { err: error, spans: spans.length },
        'could not send spans to the trace collector; dropped them',
      )
    }
  }
}

/** The batch as OTLP's JSON. @see https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding */
function otlp(spans: readonly Span[], resource: Span['attributes']): object {
  return {
    resourceSpans: [
      {
        resource: { attributes: attributeList(resource) },
        scopeSpans: [{ scope: { name: 'roomserver' }, spans: spans.map(otlpSpan) }],
      },
    ],
  }
}

function otlpSpan(span: Span): object {
  return {
    traceId: span.context.traceId,
    spanId: span.context.spanId,
    ...(span.parentSpanId !== undefined && { parentSpanId: span.parentSpanId }),
    name: span.name,
    kind: KINDS[span.kind],
    startTimeUnixNano: nanoseconds(span.startMs),
    endTimeUnixNano: nanoseconds(span.endMs),
    attributes: attributeList(span.attributes),
    ...(span.error !== undefined && { status: { code: STATUS_ERROR, message: span.error } }),
  }
}

function nanoseconds(milliseconds: number): string {
  return String(BigInt(Math.round(milliseconds * 1_000)) * 1_000n)
}

function attributeList(attributes: Readonly<Record<string, string | number>>): readonly object[] {
  return Object.entries(attributes).map(([key, value]) => ({
    key,
    value: typeof value === 'string' ? { stringValue: value } : { intValue: String(value) },
  }))
}
