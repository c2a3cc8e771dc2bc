import type { Pdu } from '@roomserver/events'
import { Dice } from '@roomserver/testing'
import type { EventId } from '@roomserver/types'
import type { Call } from '../soak/day.ts'
import { DayRoom, inputRequest } from '../soak/day-room.ts'

/** How large the room is. */
export interface LargeRoomSize {
  readonly events: number
  readonly members: number
}

const NAME = 'large'
const START_TS = Date.UTC(2026, 0, 1)
/** How many events go into a request while the room is filled. */
const AT_ONCE = 100
/** The rest of the room is of people who are in it already. */
const JOINING_SHARE = 0.9
const TOPIC_EVERY = 500
const FORK_EVERY = 1_000
const WORDS = 'lorem ipsum dolor sit amet '
/** Who goes on speaking in a room that was filled before. */
const SPEAKERS = 20

/** The ID of the room. */
export const largeRoomId = (serverName: string): string => `!${NAME}:${serverName}`

/**
 * Fills a server with one room: its members join one by one while those who are there talk, change the topic, and fork the
 * room. One user in fifty is of this server, the others are of five hundred servers.
 */
export async function fillLargeRoom(
  call: Call,
  serverName: string,
  { events, members }: LargeRoomSize,
  onProgress: (count: number) => void,
): Promise<void> {
  const room = new DayRoom(NAME, serverName, START_TS)
  const dice = new Dice(1)
  const waiting: Pdu[] = [...(await room.begin())]
  for (let count = waiting.length, joined = 1; count < events; ) {
    if (joined < members && joined < (members * count) / (events * JOINING_SHARE)) {
      waiting.push(await room.join(userNumber(joined++, serverName)))
    } else if (count % FORK_EVERY === 1) {
      waiting.push(...(await fork(room, count)))
      count += 2
    } else if (count % TOPIC_EVERY === 0) {
      waiting.push(await room.topic(`topic ${count}`))
    } else {
      waiting.push(await room.message(dice.pick(room.members), WORDS.repeat(1 + dice.below(10))))
    }
    count++
    if (waiting.length < AT_ONCE) continue
    await give(call, serverName, waiting.splice(0))
    onProgress(count)
  }
  await give(call, serverName, waiting)
}

function userNumber(number: number, serverName: string): string {
  return `@user${number}:${number % 50 === 0 ? serverName : `s${number % 500}.example`}`
}

/** Two topics at once, and a message that brings them together. */
async function fork(room: DayRoom, count: number): Promise<readonly Pdu[]> {
  const base = room.extremities
  const tips = [await room.topic(`one ${count}`, base), await room.topic(`other ${count}`, base)]
  room.endWith(tips)
  return [...tips, await room.message(room.owner, 'merged')]
}

/** Gives events to a server. @throws {Error} when it does not take them */
export async function give(call: Call, serverName: string, events: readonly Pdu[]): Promise<void> {
  const answer = await call('inputRoomEvents', inputRequest(events, serverName))
  const { ErrMsg: failure } = JSON.parse(answer) as { readonly ErrMsg: string }
  if (failure !== '') throw new Error(`events were not taken: ${failure}`)
}

interface LatestAnswer {
  readonly depth: number
  readonly latest_events: readonly (readonly [EventId])[]
  readonly state_events: readonly {
    readonly type: string
    readonly state_key: string
    readonly _event_id: EventId
  }[]
}

/** Where the room goes on that a server holds. */
export async function continuedRoom(call: Call, serverName: string): Promise<DayRoom> {
  const owner = `@owner:${serverName}`
  const speakers = Array.from({ length: SPEAKERS }, (_, at) => userNumber(at + 1, serverName))
  const state_to_fetch = [
    ...['m.room.create', 'm.room.power_levels', 'm.room.join_rules'].map((EventType) => ({
      EventType,
      StateKey: '',
    })),
    ...[owner, ...speakers].map((StateKey) => ({ EventType: 'm.room.member', StateKey })),
  ]
  const request = { room_id: largeRoomId(serverName), state_to_fetch }
  const answer = JSON.parse(await call('queryLatestEventsAndState', JSON.stringify(request))) as LatestAnswer
  const room = new DayRoom(NAME, serverName, Date.now(), {
    depth: answer.depth - 1,
    extremities: answer.latest_events.map(([id]) => id),
    state: answer.state_events.map(({ _event_id, state_key, type }) => ({
      type,
      stateKey: state_key,
      eventId: _event_id,
    })),
  })
  const there = new Set(answer.state_events.map(({ state_key }) => state_key))
  room.members.push(...[owner, ...speakers].filter((user) => there.has(user)))
  return room
}
