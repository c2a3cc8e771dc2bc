import { expect, it } from 'vitest'
import { EMPTY_STATE_KEY_NID, EVENT_TYPE_NIDS, FIRST_FREE_NID, NO_NID } from './nids.ts'

it('has the same numbers in every store, below those that a store hands out', () => {
  expect(Object.fromEntries(EVENT_TYPE_NIDS)).toEqual({
    'm.room.create': 1,
    'm.room.power_levels': 2,
    'm.room.join_rules': 3,
    'm.room.third_party_invite': 4,
    'm.room.member': 5,
    'm.room.redaction': 6,
    'm.room.history_visibility': 7,
  })
  expect([NO_NID, EMPTY_STATE_KEY_NID, FIRST_FREE_NID]).toEqual([0, 1, 65_536])
})
