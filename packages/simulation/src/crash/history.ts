import type { Pdu } from '@roomserver/events'
import { RoomBuilder } from '@roomserver/testing'
import type { Random } from '@roomserver/testing/reference-resolution'

const OTHERS = ['@bob:b', '@carol:c', '@dan:a'] as const
const VERSIONS = ['1', '2', '6', '9', '10', '11', '12'] as const

/**
 * Builds a room with forks, merges, redactions, bans and events that nobody may send, each after those that it builds
 * upon. The same random numbers make the same room.
 *
 * @param name - the server of its creator, which no other room has: old versions derive event IDs from it, new ones the
 * room's ID
 */
export async function randomHistory(name: string, size: number, random: Random): Promise<RoomBuilder> {
  const version = pick(VERSIONS, random)
  const room = await RoomBuilder.create({ version, creator: `@alice:${name}`, roomId: `!room:${name}` })
  await continueHistory(room, size, random)
  return room
}

/** Adds events to a room until it has so many. */
export async function continueHistory(room: RoomBuilder, size: number, random: Random): Promise<void> {
  // The last event that a room begins with: what follows may be redacted and forked.
  const first = room.events.findIndex(({ type }) => type === 'm.room.join_rules')
  while (room.events.length < size) {
    const tail = room.events.slice(Math.max(first, room.events.length - 6))
    const prev = random(3) > 0 ? room.extremities : randomPrev(tail, random)
    await addSomething(room, room.events.slice(first), prev, random)
  }
}

function randomPrev(tail: readonly Pdu[], random: Random): readonly Pdu[] {
  return [...new Set([pick(tail, random), pick(tail, random)])]
}

async function addSomething(
  room: RoomBuilder,
  events: readonly Pdu[],
  prev: readonly Pdu[],
  random: Random,
): Promise<void> {
  const users = [room.creator, ...OTHERS]
  const sender = pick(users, random)
  const target = pick(users, random)
  const number = room.events.length
  switch (random(9)) {
    case 0:
      return void (await room.state('m.room.topic', '', { topic: `${number}` }, { prev, sender }))
    case 1:
    case 2:
      return void (await room.join(sender, { prev }))
    case 3:
      return void (await room.member(sender, target, pick(['leave', 'ban', 'invite'], random), { prev }))
    case 4:
      return void (await room.redact(pick(events, random), { prev, sender }))
    case 5:
      return void (await room.state('m.room.power_levels', '', levels(room, target, random), { prev }))
    default:
      return void (await room.message(`${number}`, { prev, sender }))
  }
}

function levels(room: RoomBuilder, target: string, random: Random) {
  const creator = room.rules.auth.creatorsOutrankAll ? {} : { [room.creator]: 100 }
  const other = target === room.creator ? {} : { [target]: random(101) }
  return { users: { ...creator, ...other } }
}

function pick<T>(list: readonly T[], random: Random): T {
  const picked = list[random(list.length)]
  if (picked === undefined) throw new RangeError('there is nothing to pick from')
  return picked
}
