import type { JsonObject } from '@roomserver/types'

const failure = (description: string): JsonObject => ({
  description,
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Failure' } } },
})

const answer = (description: string, type: string): JsonObject => ({
  description,
  content: { [type]: { schema: type === 'application/json' ? { type: 'object' } : { type: 'string' } } },
})

/** What is served beside the operations. Nobody needs a token for health and metrics. */
export const OTHER_PATHS: Readonly<Record<string, JsonObject>> = {
  '/api/roomserver/outputs': {
    get: {
      operationId: 'followOutputs',
      summary: 'Streams the embedded output log as server-sent events.',
      description:
        'Of servers without JetStream. `id` is the position, `event` is `output`, `data` an output as JetStream would have it. The stream gives what is there, and then what comes. A reader that comes again sends `Last-Event-ID`.',
      tags: ['outputs'],
      parameters: [
        {
          name: 'after',
          in: 'query',
          description: 'The position of the last output that was dealt with; left out: from the beginning.',
          schema: { type: 'integer', minimum: 0 },
        },
      ],
      responses: {
        200: answer('The outputs behind the position.', 'text/event-stream'),
        400: {
          description: '`after` is not a position.',
          content: { 'application/json': { schema: { $ref: '#/components/schemas/BadRequest' } } },
        },
        409: failure(
          'The log did not give this position: `last` is its end. Read the rooms again, and continue there.',
        ),
        410: failure('Outputs were deleted that were not read: `first` is the first that is kept.'),
      },
    },
  },
  '/healthz': {
    get: {
      operationId: 'health',
      summary: 'Whether the process answers.',
      tags: ['service'],
      security: [],
      responses: { 200: answer('It does.', 'application/json') },
    },
  },
  '/readyz': {
    get: {
      operationId: 'readiness',
      summary: 'Whether requests can be served.',
      tags: ['service'],
      security: [],
      responses: {
        200: answer('They can; `checks` has what was looked at.', 'application/json'),
        503: answer(
          'They cannot: `checks` says why, such as a database that takes no writes.',
          'application/json',
        ),
      },
    },
  },
  '/metrics': {
    get: {
      operationId: 'metrics',
      summary: 'Metrics for Prometheus, where they are switched on.',
      tags: ['service'],
      security: [],
      responses: {
        200: answer('The metrics.', 'text/plain'),
        401: { description: 'A password is configured, and is missing or wrong.' },
      },
    },
  },
}
