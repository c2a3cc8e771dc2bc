import type { JsonObject } from '@roomserver/types'
import { expect, it } from 'vitest'
import { built } from '../test/fixture-events.ts'
import { trustedPdu } from './raw-event.ts'
import { isSameEvent } from './same-event.ts'

// The server of an invited user answers with the invite that it signed. In versions 1 and 2 it could put anything in its place.
it.each<[JsonObject, boolean]>([
  [{}, true],
  [{ signatures: { b: { 'ed25519:1': 'x' } } }, true],
  [{ unsigned: { age: 5 } }, true],
  [{ content: { membership: 'ban' } }, false],
  [{ sender: '@other:domain' }, false],
  [{ room_id: '!other:domain' }, false],
  [{ depth: 13 }, false],
  [{ more: 1 }, false],
])('an event with %j in it is the same: %s', async (change, isSame) => {
  for (const version of ['2', '10']) {
    const event = await built(version)
    const other = trustedPdu(
      { ...(JSON.parse(event.json) as JsonObject), ...change },
      event.eventId,
      event.rules,
    )
    expect(isSameEvent(event, other), version).toBe(isSame)
  }
})
