import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { openApiDocument } from '../src/index.ts'

const file = new URL('../../../docs/openapi.json', import.meta.url)

it('is the document that is checked in (`pnpm --filter @roomserver/api openapi` writes it)', () => {
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(JSON.parse(JSON.stringify(openApiDocument())))
})

it('refers to nothing that is not there', () => {
  const document = openApiDocument()
  const text = JSON.stringify(document)
  const { schemas } = document['components'] as { schemas: Record<string, unknown> }
  const references = [...text.matchAll(/"\$ref":"([^"]+)"/g)].map((match) => match[1] ?? '')
  expect(references.length).toBeGreaterThan(100)
  for (const reference of references) {
    expect(Object.keys(schemas)).toContain(reference.replace('#/components/schemas/', ''))
  }
})

it('describes the wire and not the process', () => {
  const { schemas } = openApiDocument()['components'] as { schemas: Record<string, object> }
  expect(schemas['QueryCurrentStateResponse']).toMatchObject({
    type: 'object',
    additionalProperties: { anyOf: [{ $ref: '#/components/schemas/HeaderedEvent' }, { type: 'null' }] },
  })
  expect(schemas['QueryLatestEventsAndStateResponse']).toMatchObject({
    properties: {
      depth: { type: 'integer' },
      latest_events: { type: ['array', 'null'], items: { $ref: '#/components/schemas/EventReference' } },
    },
    required: ['room_exists', 'room_version', 'latest_events', 'state_events', 'depth'],
  })
  expect(schemas['QueryAuthChainResponse']).toMatchObject({ properties: { AuthChain: { type: 'array' } } })
})

it('asks for no member of a request, since a missing one is zero', () => {
  const { schemas } = openApiDocument()['components'] as { schemas: Record<string, object> }
  expect(schemas['PerformBackfillRequest']).toMatchObject({
    properties: {
      backwards_extremities: { additionalProperties: { type: ['array', 'null'], items: { type: 'string' } } },
    },
  })
  expect(schemas['PerformBackfillRequest']).not.toHaveProperty('required')
  expect(schemas['StateKeyTuple']).not.toHaveProperty('required')
})
