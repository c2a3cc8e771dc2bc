import type { JsonObject } from '@roomserver/types'
import { describe, expect, it } from 'vitest'
import { templateFault, type TemplateRequest } from './membership-template.ts'

const ASKED: TemplateRequest = { roomId: '!r:a', userId: '@us:here', membership: 'join' }
const template = (change: JsonObject = {}): JsonObject => ({
  type: 'm.room.member',
  room_id: '!r:a',
  sender: '@us:here',
  state_key: '@us:here',
  content: { membership: 'join', join_authorised_via_users_server: '@x:a' },
  depth: 5,
  prev_events: [],
  auth_events: [],
  origin: 'a',
  ...change,
})

// A server that signs whatever it is answered with can be made to ban, to invite, or to speak in another room.
describe('the template of a membership event', () => {
  it.each(['join', 'knock', 'leave'] as const)(
    'is signed where it is the %s that was asked for',
    (membership) => {
      expect(templateFault(template({ content: { membership } }), { ...ASKED, membership })).toBeUndefined()
    },
  )

  it.each<[string, unknown]>([
    ['type', template({ type: 'm.room.power_levels' })],
    ['room_id', template({ room_id: '!other:a' })],
    ['room_id', template({ room_id: ['!r:a'] })],
    ['sender', template({ sender: '@somebody:here' })],
    ['state_key', template({ state_key: '@victim:b' })],
    ['state_key', template({ state_key: null })],
    ['content.membership', template({ content: { membership: 'ban' } })],
    ['content.membership', template({ content: { membership: 'leave' } })],
    ['content.membership', template({ content: {} })],
    ['content.membership', template({ content: 'join' })],
    ['type', Object.create(template()) as unknown],
    ['not a JSON object', [template()]],
    ['not a JSON object', null],
    ['not a JSON object', 'join'],
  ])('is not signed where it is of something else: %s', (what, answer) => {
    expect(templateFault(answer, ASKED)).toContain(what)
  })

  it.each(['type', 'room_id', 'sender', 'state_key', 'content'])('is not signed without %s', (name) => {
    const { [name]: _left, ...others } = template()
    expect(templateFault(others, ASKED)).toContain('is missing')
  })

  it('does not fill a log with what another server wrote', () => {
    expect(templateFault(template({ type: 'x'.repeat(255) }), ASKED)).toContain(`"${'x'.repeat(255)}"`)
    expect(templateFault(template({ type: 'x'.repeat(256) }), ASKED)).toContain(`"${'x'.repeat(255)}"`)
    expect(templateFault(template({ type: [1] }), ASKED)).toContain('a value of type object')
  })
})
