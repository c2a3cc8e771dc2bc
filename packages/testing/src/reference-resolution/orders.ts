import { powerLevelOf } from '@roomserver/auth'
import { compareOriginServerTs, type Pdu } from '@roomserver/events'
import { createByRoomId } from './checks.ts'
import { authEventsOf, type Room } from './state.ts'

/** "A power event is a power levels, join rules or create event, or a leave or ban of somebody else." */
export function isPowerEvent({ content, sender, stateKey, type }: Pdu): boolean {
  if (['m.room.power_levels', 'm.room.join_rules', 'm.room.create'].includes(type)) return stateKey === ''
  if (type !== 'm.room.member') return false
  return (content['membership'] === 'leave' || content['membership'] === 'ban') && sender !== stateKey
}

/** "x comes before y if x is in y's auth chain; else by greater power of the sender, earlier time, lesser ID." */
export function reverseTopologicalPowerOrder(events: ReadonlySet<Pdu>, room: Room): readonly Pdu[] {
  const waiting = new Set(events)
  const order: Pdu[] = []
  for (;;) {
    const isReady = (event: Pdu): boolean =>
      !authEventsOf(event, room).some((referenced) => waiting.has(referenced))
    const [next] = [...waiting].filter(isReady).toSorted((a, b) => comparePower(a, b, room))
    if (next === undefined) return order
    waiting.delete(next)
    order.push(next)
  }
}

function comparePower(x: Pdu, y: Pdu, room: Room): number {
  const [powerX, powerY] = [senderPower(x, room), senderPower(y, room)]
  return powerX === powerY ? compareTime(x, y) : powerX > powerY ? -1 : 1
}

function senderPower(event: Pdu, room: Room): number {
  const auth = authEventsOf(event, room)
  const create = createByRoomId(event, room) ?? auth.find(({ type }) => type === 'm.room.create')
  const powerLevels = auth.find(isPowerLevels)
  return powerLevelOf(event.sender, { rules: event.rules, create, powerLevels })
}

function isPowerLevels({ stateKey, type }: Pdu): boolean {
  return type === 'm.room.power_levels' && stateKey === ''
}

function compareTime(x: Pdu, y: Pdu): number {
  return compareOriginServerTs(x, y) || (x.eventId < y.eventId ? -1 : 1)
}

/** "The mainline of P: P, the power levels event that it references, the one that that one references, and so on." */
export function mainlineOf(powerLevels: Pdu | undefined, room: Room): readonly Pdu[] {
  const mainline: Pdu[] = []
  let next = powerLevels
  while (next !== undefined && !mainline.includes(next)) {
    mainline.push(next)
    next = authEventsOf(next, room).find(isPowerLevels)
  }
  return mainline
}

/** "The mainline ordering: by the closest mainline event, older ones first; then by time; then by ID." */
export function mainlineOrder(
  events: Iterable<Pdu>,
  powerLevels: Pdu | undefined,
  room: Room,
): readonly Pdu[] {
  const mainline = mainlineOf(powerLevels, room)
  const positionOf = (event: Pdu): number => {
    const closest = mainlineOf(event, room).find((ancestor) => mainline.includes(ancestor))
    return closest === undefined ? Infinity : mainline.indexOf(closest)
  }
  return [...events].toSorted((x, y) => {
    const [positionX, positionY] = [positionOf(x), positionOf(y)]
    return positionX === positionY ? compareTime(x, y) : positionX > positionY ? -1 : 1
  })
}
