import type { JsonObject } from '@roomserver/types'
import type { Endpoint } from '../endpoint.ts'
import { administrationEndpoints } from '../administration-api.ts'
import { inspectionEndpoints } from '../inspection-api.ts'
import { roomserverEndpoints } from '../roomserver-api.ts'
import { componentName, jsonSchemas } from './json-schemas.ts'
import { OTHER_PATHS } from './other-paths.ts'

/**
 * The OpenAPI 3.1 document of the room server's internal API, made from the endpoint tables.
 * @example
 * ```ts
 * import { openApiDocument } from '@roomserver/api'
 *
 * console.log(JSON.stringify(openApiDocument()))
 * ```
 */
export function openApiDocument(): JsonObject {
  const operations = [
    ...operationsOf(roomserverEndpoints, ''),
    ...operationsOf(inspectionEndpoints, 'inspect'),
    ...operationsOf(administrationEndpoints, 'admin'),
  ]
  return {
    openapi: '3.1.0',
    info: {
      title: 'Roomserver internal API',
      version: '1',
      description: INTRODUCTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths: {
      ...Object.fromEntries(
        operations.map((operation) => [`/api${operation.endpoint.path}`, { post: described(operation) }]),
      ),
      ...OTHER_PATHS,
    },
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: {
        ...jsonSchemas(
          operations.map(({ endpoint }) => endpoint.request),
          operations.map(({ endpoint }) => endpoint.response),
        ),
        ...ERRORS,
      },
    },
    security: [{}, { token: [] }],
  }
}

const INTRODUCTION =
  'The operations of the room server as the components of a Matrix homeserver call them, in the wire format of Dendrite (August 2022), below `/api/inspect` what operators ask about rooms, and below `/api/admin` what they do to them. Members that a request leaves out, or that are null, have their zero value; names match without regard to case; unknown members are passed over, so that `RoomID` names no room where `room_id` is expected. A list with nothing in it may be answered as null.'

interface Operation {
  readonly id: string
  readonly tag: string
  readonly endpoint: Endpoint
}

/**
 * The operations of a table.
 *
 * @param family - put before their names, and what they are listed under; empty: the first word of each name is
 */
function operationsOf(table: object, family: string): readonly Operation[] {
  return Object.entries<Endpoint>(table as Readonly<Record<string, Endpoint>>).map(([name, endpoint]) => ({
    id: family === '' ? name : `${family}${name.slice(0, 1).toUpperCase()}${name.slice(1)}`,
    tag: family === '' ? tagOf(name) : family,
    endpoint,
  }))
}

function described({ id, tag, endpoint }: Operation): JsonObject {
  const { request, response, summary, description, maxBodyBytes, refuse } = endpoint
  const tooLarge = tooLong(maxBodyBytes)
  return {
    operationId: id,
    summary,
    ...(description === undefined ? {} : { description }),
    tags: [tag],
    requestBody: { required: true, content: json(componentName(request)) },
    responses: {
      200: {
        description:
          refuse === undefined ? 'The answer.' : `The answer, also where the request is refused: ${tooLarge}`,
        content: json(componentName(response)),
      },
      400: {
        description: 'The body is not valid JSON, or has the wrong shape.',
        content: json('BadRequest'),
      },
      408: { description: 'The body did not arrive in time.', content: json('BadRequest') },
      ...(refuse === undefined && { 413: { description: tooLarge, content: json('BadRequest') } }),
      500: { description: 'The operation failed.', content: json('Failure') },
      503: { description: 'Too much at once, or stopping: try again later.', content: json('Failure') },
    },
  }
}

function tooLong(maxBodyBytes: number): string {
  const most = Number.isFinite(maxBodyBytes)
    ? `${maxBodyBytes} bytes`
    : 'the server takes (128 MiB unless configured)'
  return `The body is longer than ${most}, or its values take too much memory.`
}

/** `queryCurrentState` → `query`. */
function tagOf(name: string): string {
  return /^[a-z]+/.exec(name)?.[0] ?? ''
}

function json(component: string): JsonObject {
  return { 'application/json': { schema: { $ref: `#/components/schemas/${component}` } } }
}

const ERRORS: JsonObject = {
  BadRequest: {
    type: 'object',
    properties: { message: { type: 'string', description: 'What is wrong, in the words of a Go decoder.' } },
    required: ['message'],
  },
  Failure: {
    type: 'object',
    properties: {
      Type: { type: 'string', description: 'Name of a Go error type.' },
      Message: { type: 'string', description: 'What went wrong.' },
    },
    required: ['Type', 'Message'],
  },
}
