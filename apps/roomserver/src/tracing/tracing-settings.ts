import { RoomserverError } from '@roomserver/types'
import type { Environment } from '../environment.ts'
import { type Sampler, samplerOf } from './trace-context.ts'

/** Where traces go and which. */
export interface TracingSettings {
  /** Takes OTLP over HTTP, in JSON. */
  readonly endpoint: string
  readonly headers: Readonly<Record<string, string>>
  /** What is said of the service: `service.name`, and whatever else the environment says. */
  readonly resource: Readonly<Record<string, string>>
  readonly sample: Sampler
}

/**
 * Reads OpenTelemetry's environment variables; `undefined` when none asks for traces.
 *
 * @throws {RoomserverError} BAD_CONFIGURATION naming the variable
 * @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */
export function tracingSettings(environment: Environment): TracingSettings | undefined {
  const read = (name: string) => environment[name]?.trim() ?? ''
  const endpoint = endpointOf(read)
  if (endpoint === undefined || read('OTEL_SDK_DISABLED').toLowerCase() === 'true') return undefined
  const samplerName = read('OTEL_TRACES_SAMPLER') || 'parentbased_always_on'
  const sample = samplerOf(samplerName, read('OTEL_TRACES_SAMPLER_ARG'))
  if (sample === undefined)
    throw badVariable(
      'OTEL_TRACES_SAMPLER',
      'always_on, always_off, traceidratio, or parentbased_ before one of them',
    )
  const name = read('OTEL_SERVICE_NAME')
  return {
    endpoint,
    headers: pairsOf(read('OTEL_EXPORTER_OTLP_TRACES_HEADERS') || read('OTEL_EXPORTER_OTLP_HEADERS')),
    resource: {
      'service.name': 'roomserver',
      ...pairsOf(read('OTEL_RESOURCE_ATTRIBUTES')),
      ...(name !== '' && { 'service.name': name }),
    },
    sample,
  }
}

function endpointOf(read: (name: string) => string): string | undefined {
  const exporter = read('OTEL_TRACES_EXPORTER')
  if (exporter === 'none') return undefined
  const own = read('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT')
  const base = read('OTEL_EXPORTER_OTLP_ENDPOINT') || (exporter === 'otlp' ? 'http://localhost:4318' : '')
  const url = own || (base && `${base.replace(/\/+$/, '')}/v1/traces`)
  if (url === '') return undefined
  if (!/^https?:/.test(url) || !URL.canParse(url)) {
    throw badVariable('OTEL_EXPORTER_OTLP_ENDPOINT', 'http://… or https://…')
  }
  return url
}

/** `a=1,b=2%20x` → names and values. */
function pairsOf(text: string): Readonly<Record<string, string>> {
  const pairs = text.split(',').flatMap((pair) => {
    const equals = pair.indexOf('=')
    return equals < 1
      ? []
      : [[pair.slice(0, equals).trim(), unescaped(pair.slice(equals + 1).trim())] as const]
  })
  return Object.fromEntries(pairs)
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function badVariable(key: string, expected: string): RoomserverError {
  return new RoomserverError(
    'BAD_CONFIGURATION',
    { key, expected },
    `environment variable ${key}: expected ${expected}`,
  )
}
