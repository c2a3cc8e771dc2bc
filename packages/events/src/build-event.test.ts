import { isFailure } from '@roomserver/types'
import { describe, expect, it } from 'vitest'
import { buildEvent, eventRef } from './build-event.ts'
import { built, draft, KEY, rulesOf, wireObject } from '../test/fixture-events.ts'
import { headeredJson } from './headered.ts'
import { referenceHash } from './raw-event.ts'

describe('buildEvent', () => {
  it('refers to earlier events as the room version does', async () => {
    const first = await built('1')
    const ref = eventRef(first)
    expect(ref).toEqual({ eventId: '$mine:domain', sha256: referenceHash(first.json, rulesOf('1')) })
    expect(await wireObject('1', { prevEvents: [ref] })).toMatchObject({
      event_id: '$mine:domain',
      prev_events: [[ref.eventId, { sha256: ref.sha256 }]],
    })
    const later = await built('4')
    expect(await wireObject('4', { prevEvents: [eventRef(later)] })).toMatchObject({
      prev_events: [later.eventId],
    })
  })

  it('refuses what no server would take', async () => {
    const long = { content: { body: 'x'.repeat(70_000) } }
    expect(await buildEvent(draft(rulesOf('10'), long), rulesOf('10'), KEY)).toMatchObject({
      rule: 'format.size',
    })
  })

  it.each(['@user:elsewhere', '@user:domain:8448', 'nobody'])(
    'signs nothing in the name of %s, who is not of its server',
    async (sender) => {
      const verdict = await buildEvent(draft(rulesOf('10'), { sender }), rulesOf('10'), KEY)
      const reason = `${sender} does not belong to domain, whose key signs the event`
      expect(verdict).toEqual({ ok: false, rule: 'build.sender', reason })
    },
  )

  it.each([{ n: 1.5 }, { n: -0 }, { s: '\ud800' }])('fails with a code for content %j', async (content) => {
    const error = await buildEvent(draft(rulesOf('10'), { content }), rulesOf('10'), KEY).catch(
      (e: unknown) => e,
    )
    expect(isFailure(error, 'MALFORMED_EVENT')).toBe(true)
  })

  it('fails for a key that is none', async () => {
    const building = buildEvent(draft(rulesOf('10')), rulesOf('10'), { ...KEY, seed: 'AAAA' })
    await expect(building).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      details: { argument: 'key.seed' },
    })
  })
})

it('headeredJson adds the room version and the ID as last members', async () => {
  const event = await built('10')
  expect(headeredJson(event)).toBe(
    `${event.json.slice(0, -1)},"_room_version":"10","_event_id":"${event.eventId}"}`,
  )
})

it('headeredJson has its own header only, whatever the event brings in its place', async () => {
  const event = await built('10')
  const json = `{"_event_id":"$victim","_room_version":"1",${event.json.slice(1)}`
  expect(headeredJson({ ...event, json })).toBe(headeredJson(event))
})
