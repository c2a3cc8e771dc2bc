import { seededRandom } from '@roomserver/testing/reference-resolution'
import { expect, it } from 'vitest'
import { openRoom } from './room.ts'
import { EventNode } from '../src/resolution/event-node.ts'
import { compareByPower } from '../src/resolution/reverse-topological-power-order.ts'
import type { Check } from '../src/resolution/continued/check.ts'
import { CheckOrder } from '../src/resolution/continued/check-order.ts'

const ROOM = openRoom('10')

function powerEvent(index: number, level: number, ts: number): Check {
  const id = `$${index}`
  ROOM.send(id, 'm.room.join_rules', '@alice:a.test', '', { join_rule: 'invite' }, '$create', ts)
  const parse = () => ROOM.events(id)!
  const facts = { id, nid: index as never, isRejected: false, isPowerLevels: false, level: 1, parse }
  return {
    node: new EventNode(index, facts),
    isPower: true,
    level,
    reads: [],
    entry: undefined,
    group: undefined,
    label: 0,
    greatest: undefined,
    against: undefined,
    isIn: false,
  }
}

/** As the specification has it: of the events whose turn it could be, the least comes next. */
function placeByWalk(order: CheckOrder, check: Check, start: number): number {
  let place = start
  while (place < order.powerCount && compareByPower(check, order.all[place]!) > 0) place++
  return place
}

it('finds the place of a power event without a walk over all of them, while others come and go', () => {
  const random = seededRandom(42)
  const order = new CheckOrder()
  for (let i = 0; i < 600; i++) {
    const check = powerEvent(i, random(5), random(1000))
    // Some refer to an event that comes late.
    const start = random(4) === 0 ? random(order.powerCount + 1) : 0
    const place = order.placeOfPower(check, start)
    expect(place).toBe(placeByWalk(order, check, start))
    order.insert(place, check)
    if (random(3) === 0) order.remove(order.all[random(order.all.length)]!)
  }
})
