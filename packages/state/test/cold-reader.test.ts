import { trustedPdu } from '@roomserver/events'
import type { EventId, JsonObject, SnapshotRecord } from '@roomserver/types'
import { ROOM_VERSIONS } from '@roomserver/version'
import { expect, it } from 'vitest'
import { resolveState } from '../src/index.ts'
import { resolveCold } from './cold-reader.ts'
import { TestStore } from './store.ts'

const [ALICE, BOB] = ['@alice:a.test', '@bob:b.test'] as const
const rules = ROOM_VERSIONS.get('10')!

/** A stored public room that events are added to, under IDs of our choice. */
function bigRoom(members: number) {
  const room = new TestStore()
  const known = new Map<EventId, ReturnType<typeof trustedPdu>>()
  const send = (
    before: SnapshotRecord | undefined,
    [id, type, sender, key, cites]: readonly [string, string, string, string, string],
    content: JsonObject,
  ) => {
    const auth = cites === '' ? [] : cites.split(' ')
    const json = { type, sender, state_key: key, content, auth_events: auth, origin_server_ts: known.size }
    const pdu = trustedPdu({ ...json, room_id: '!room:a.test' }, id, rules)
    known.set(id, pdu)
    return room.store(pdu, { before })
  }
  let base = send(undefined, ['$create', 'm.room.create', ALICE, '', ''], { creator: ALICE })
  base = send(base, ['$alice', 'm.room.member', ALICE, ALICE, '$create'], { membership: 'join' })
  const levels = { users: { [ALICE]: 100, [BOB]: 50 } }
  base = send(base, ['$levels', 'm.room.power_levels', ALICE, '', '$create $alice'], levels)
  base = send(base, ['$public', 'm.room.join_rules', ALICE, '', '$create $alice $levels'], {
    join_rule: 'public',
  })
  for (const user of [BOB, ...Array.from({ length: members }, (_, i) => `@user${i}:c.test`)]) {
    const id = user === BOB ? '$bob' : `$${user}`
    base = send(base, [id, 'm.room.member', user, user, '$create $levels $public'], { membership: 'join' })
  }
  return { room, known, send, base, levels }
}

it('reads of a large room only what its forks changed and what that rests on', () => {
  const { base, known, levels, room, send } = bigRoom(5_000)
  // On one side Alice changes the levels twice and bans somebody, on the other Bob sets a topic and does the same.
  let left = send(base, ['$l1', 'm.room.power_levels', ALICE, '', '$create $alice $levels'], {
    ...levels,
    ban: 40,
  })
  left = send(left, ['$l2', 'm.room.power_levels', ALICE, '', '$create $alice $l1'], { ...levels, kick: 40 })
  const target = '@user7:c.test'
  left = send(left, ['$ban', 'm.room.member', ALICE, target, `$create $alice $l2 $${target}`], {
    membership: 'ban',
  })
  let right = send(base, ['$topic', 'm.room.topic', BOB, '', '$create $bob $levels'], { topic: 'Dogs' })
  right = send(right, ['$kick', 'm.room.member', BOB, target, `$create $bob $levels $${target}`], {
    membership: 'leave',
  })

  const { outcome, reader } = resolveCold(room, [left, right], { rules, trace: true })
  expect(outcome.trace?.authDifference).toEqual(['$l1'])
  expect(reader.events.size).toBeLessThan(40)
  expect(reader.questions).toBeLessThan(16)
  const { state } = resolveState([room.stateOf(left), room.stateOf(right)], {
    version: rules,
    events: (id) => known.get(id),
  })
  const after = outcome.base === 0 ? left : right
  expect(room.stateOf(room.apply(after, outcome.changes))).toEqual(state)
})
