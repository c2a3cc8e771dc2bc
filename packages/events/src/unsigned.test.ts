import { roomVersion, type RoomVersionRules } from '@roomserver/version'
import { describe, expect, it } from 'vitest'
import { trustedPdu } from './raw-event.ts'
import { withUnsigned } from './unsigned.ts'

const rules = roomVersion('10') as RoomVersionRules

describe('withUnsigned', () => {
  it.each([
    ['puts it in at its place', '{"type":"m.x","zz":1}', '{"type":"m.x","unsigned":{"age":5},"zz":1}'],
    ['replaces what was there', '{"type":"m.x","unsigned":{"a":1}}', '{"type":"m.x","unsigned":{"age":5}}'],
  ])('%s', (_why, json, expected) => {
    const event = withUnsigned(trustedPdu(json, '$id', rules), { age: 5 })
    expect(event.json).toBe(expected)
    expect(event.eventId).toBe('$id')
  })
})
