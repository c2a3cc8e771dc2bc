import type { ClientHttp2Session } from 'node:http2'
import { setTimeout as wait } from 'node:timers/promises'
import { DayRoom, inputRequest } from '../soak/day-room.ts'
import type { Attack, AttackGroup } from './attack.ts'
import { connected, send } from './send.ts'

const SERVER = 'a'
/** How many members the room has whose whole state is asked for. */
const MEMBERS = 5_000
const JOINS_AT_ONCE = 200
/** A step through the members that meets each once: they join the second room in another order than the first. */
const STEP = 1_777
/** Callers who ask at the same time. */
const CALLERS = 64
/** How long an answer is left lying. */
const LEFT_MS = 10_000

const QUESTIONS: Readonly<Record<string, (room: DayRoom) => object>> = {
  queryLatestEventsAndState: ({ roomId }) => ({ room_id: roomId, state_to_fetch: null }),
  queryStateAfterEvents: ({ roomId, extremities }) => ({ room_id: roomId, prev_event_ids: extremities }),
  queryStateAndAuthChain: ({ roomId, extremities }) => ({ room_id: roomId, prev_event_ids: extremities }),
  queryMembershipsForRoom: ({ roomId }) => ({ room_id: roomId, joined_only: true }),
  queryBulkStateContent: ({ roomId }) => ({
    RoomIDs: [roomId],
    AllowWildcards: true,
    StateTuples: [{ EventType: 'm.room.member', StateKey: '*' }],
  }),
  queryCurrentState: ({ roomId }) => ({
    RoomID: roomId,
    AllowWildcards: true,
    StateTuples: [{ EventType: '*', StateKey: '*' }],
  }),
  querySharedUsers: ({ owner }) => ({ UserID: owner }),
}

let filled: { readonly url: string; readonly room: Promise<DayRoom> } | undefined

/** The room on a server; made once for each. */
function roomOn(url: string): Promise<DayRoom> {
  if (filled?.url !== url) filled = { url, room: fill(url) }
  return filled.room
}

async function fill(url: string): Promise<DayRoom> {
  const session = connected(url)
  try {
    await fillRoom(session, 'known', (index) => index)
    return await fillRoom(session, 'shuffled', (index) => (index * STEP) % MEMBERS)
  } finally {
    session.destroy()
  }
}

async function fillRoom(
  session: ClientHttp2Session,
  name: string,
  order: (index: number) => number,
): Promise<DayRoom> {
  const room = new DayRoom(name, SERVER, Date.now())
  let events = [...(await room.begin())]
  for (let index = 0; index < MEMBERS; index++) {
    events.push(await room.join(`@user${order(index)}:${SERVER}`))
    if (events.length < JOINS_AT_ONCE && index < MEMBERS - 1) continue
    await send(session, 'inputRoomEvents', [inputRequest(events, SERVER)])
    events = []
  }
  return room
}

type Ask = (session: ClientHttp2Session, operation: string, body: string) => Promise<number>

/** Reads an answer to its end, and tells how many bytes it has. */
const read: Ask = (session, operation, body) => {
  const stream = session.request({ ':method': 'POST', ':path': `/api/roomserver/${operation}` })
  let length = 0
  stream.on('error', () => undefined).on('data', (chunk: Buffer) => (length += chunk.length))
  stream.end(body)
  return new Promise((resolve) => stream.once('close', () => resolve(length)))
}

/** Takes the beginning of an answer and no more. */
const leaveLying: Ask = async (session, operation, body) => {
  const stream = session.request({ ':method': 'POST', ':path': `/api/roomserver/${operation}` })
  stream.on('error', () => undefined).end(body)
  await wait(LEFT_MS)
  stream.destroy()
  return 0
}

/** Asks and goes away, again and again. */
const goAway: Ask = async (session, operation, body) => {
  for (let again = 0; again < 20; again++) {
    const stream = session.request({ ':method': 'POST', ':path': `/api/roomserver/${operation}` })
    stream.on('error', () => undefined).end(body)
    await wait(5 + 10 * again)
    stream.destroy()
  }
  return 0
}

function askAttack(how: string, operation: string, ask: Ask): Attack {
  return {
    name: `${operation} of ${MEMBERS} members, ${CALLERS} at once, ${how}`,
    run: async (url) => {
      const room = await roomOn(url)
      const body = JSON.stringify(QUESTIONS[operation]?.(room))
      const lengths = await Promise.all(
        Array.from({ length: CALLERS }, async () => {
          const session = connected(url)
          const length = await ask(session, operation, body)
          session.destroy()
          return length
        }),
      )
      return `${Math.round(Math.max(...lengths) / 1e3)} kB each`
    },
  }
}

/** Whole answers by how they are taken. */
export const answers: AttackGroup = {
  name: 'answers',
  attacks: [
    {
      name: `two rooms of ${MEMBERS} members are made`,
      run: async (url) => `${(await roomOn(url)).members.length} members`,
    },
    ...Object.keys(QUESTIONS).flatMap((operation) => [
      askAttack('read', operation, read),
      askAttack('left lying', operation, leaveLying),
      askAttack('given up', operation, goAway),
    ]),
  ],
}
