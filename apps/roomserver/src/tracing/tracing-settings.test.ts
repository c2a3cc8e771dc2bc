import { describe, expect, it } from 'vitest'
import { tracingSettings } from './tracing-settings.ts'

describe('tracing is off', () => {
  it.each([
    ['without variables', {}],
    ['with an empty one', { OTEL_EXPORTER_OTLP_ENDPOINT: '' }],
    [
      'where OpenTelemetry is disabled',
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318', OTEL_SDK_DISABLED: 'true' },
    ],
    [
      'where traces are not exported',
      { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318', OTEL_TRACES_EXPORTER: 'none' },
    ],
  ])('%s', (_why, environment) => {
    expect(tracingSettings(environment)).toBeUndefined()
  })
})

it.each([
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' }, 'http://c:4318/v1/traces'],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'https://c/base/' }, 'https://c/base/v1/traces'],
  [{ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://c/as/it/is' }, 'http://c/as/it/is'],
  [{ OTEL_TRACES_EXPORTER: 'otlp' }, 'http://localhost:4318/v1/traces'],
])('with %j it sends to %s', (environment, endpoint) => {
  expect(tracingSettings(environment)?.endpoint).toBe(endpoint)
})

it('reads headers, the name of the service and what else is said of it', () => {
  const settings = tracingSettings({
    OTEL_TRACES_EXPORTER: 'otlp',
    OTEL_EXPORTER_OTLP_HEADERS: 'a=1, b=x%20y ,=, c=%zz',
    OTEL_SERVICE_NAME: 'rooms',
    OTEL_RESOURCE_ATTRIBUTES: 'service.name=others,deployment.environment.name=test',
  })
  expect(settings).toMatchObject({
    headers: { a: '1', b: 'x y', c: '%zz' },
    resource: { 'service.name': 'rooms', 'deployment.environment.name': 'test' },
  })
})

it('calls the service roomserver unless it is told otherwise', () => {
  const nameWith = (environment: Record<string, string>) =>
    tracingSettings({ OTEL_TRACES_EXPORTER: 'otlp', ...environment })?.resource['service.name']
  expect(nameWith({})).toBe('roomserver')
  expect(nameWith({ OTEL_RESOURCE_ATTRIBUTES: 'service.name=others' })).toBe('others')
})

it.each([
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'c:4317' }, 'OTEL_EXPORTER_OTLP_ENDPOINT'],
  [{ OTEL_TRACES_EXPORTER: 'otlp', OTEL_TRACES_SAMPLER: 'sometimes' }, 'OTEL_TRACES_SAMPLER'],
])('names what it cannot use in %j', (environment, variable) => {
  expect(() => tracingSettings(environment)).toThrow(`environment variable ${variable}: expected`)
})
