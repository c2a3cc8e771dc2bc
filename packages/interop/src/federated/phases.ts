import { connect } from 'node:http2'
import { InputKind } from '@roomserver/api'
import { headeredJson, type Pdu } from '@roomserver/events'
import { post } from '@roomserver/testing'
import type { EventId } from '@roomserver/types'
import { FarRoom } from './far-room.ts'
import { FAR, NEAR } from './names.ts'
import type { StandIn } from './stand-in.ts'
import { measure, type Usage } from './measure.ts'

/** A server under test. */
export interface Loaded {
  readonly url: string
  readonly pid: number
}

/** What a server is to be given. All of it is made once, and every server gets the same. */
export interface Work {
  readonly name: string
  readonly rooms: ReadonlyMap<string, FarRoom>
  /** Does it. @throws {Error} when the server does not take it, or ends up elsewhere than it should */
  run(server: Loaded, standIn: StandIn): Promise<Usage>
}

const USER = `@local:${NEAR}`

/** A user joins a room of many members: all of its state beside the graph and the join, in one request, as the reference's federation component sends them. */
export async function largeJoin(members: number): Promise<Work> {
  const room = await FarRoom.create('large')
  for (let i = 1; i < members; i++) await room.join(`@user${i}:${FAR}`)
  const state = [...room.events]
  const join = await room.join(USER)
  const inputs = [
    ...state.map((event) => inputOf(event, InputKind.outlier)),
    inputOf(join, InputKind.new, idsOf(state)),
  ]
  const body = `{"input_room_events":[${inputs.join(',')}],"async":false}`
  const mebibytes = (Buffer.byteLength(body) / 1_048_576).toFixed(0)
  return {
    name: `join of a room of ${members}, a request of ${mebibytes} MiB`,
    rooms: new Map([[room.roomId, room]]),
    run: async (server) => {
      const usage = await measure(server.pid, () => send(server, body))
      await expectEnd(server, room, join)
      return usage
    },
  }
}

/** A room in which much has happened that never came, and then something comes. */
export async function flood(missing: number): Promise<Work> {
  const room = await FarRoom.create('flood')
  await room.join(USER)
  const known = [...room.events]
  for (let i = 0; i < missing; i++) {
    await (i % 100 === 50 ? room.ownerSays('m.room.topic', { topic: `${i}` }) : room.message(`${i}`))
  }
  const last = await room.message('heard')
  return {
    name: `an event after ${missing} missing ones`,
    rooms: new Map([[room.roomId, room]]),
    run: async (server, standIn) => {
      for (const event of known) await send(server, requestOf(inputOf(event, InputKind.new)))
      standIn.takeCalls()
      const usage = await measure(server.pid, () => send(server, requestOf(inputOf(last, InputKind.new))))
      await expectEnd(server, room, last)
      const calls = [...standIn.takeCalls()].map(([operation, count]) => `${operation} ${count}`)
      console.log(`  asked: ${calls.join(', ')}`)
      return usage
    },
  }
}

function inputOf(event: Pdu, kind: number, state?: readonly EventId[]): string {
  const rest = {
    origin: FAR,
    has_state: state !== undefined,
    state_event_ids: state ?? null,
    send_as_server: '',
    transaction_id: null,
  }
  return `{"kind":${kind},"event":${headeredJson(event)},${JSON.stringify(rest).slice(1)}`
}

function requestOf(input: string): string {
  return `{"input_room_events":[${input}],"async":false}`
}

async function send(server: Loaded, body: string): Promise<void> {
  const answer = await ask(server, 'inputRoomEvents', body)
  const { ErrMsg: failure } = JSON.parse(answer) as { readonly ErrMsg: string }
  if (failure !== '') throw new Error(`not taken: ${failure}`)
}

/** The room must end with an event, so that nobody is quick by not doing it. */
async function expectEnd(server: Loaded, room: FarRoom, event: Pdu): Promise<void> {
  const asked = { room_id: room.roomId, state_to_fetch: [{ EventType: 'm.room.create', StateKey: '' }] }
  const answer = await ask(server, 'queryLatestEventsAndState', JSON.stringify(asked))
  const { latest_events: latest } = JSON.parse(answer) as {
    readonly latest_events: readonly (readonly [string])[]
  }
  const ids = latest.map(([id]) => id)
  if (!ids.includes(event.eventId)) throw new Error(`the room ends with ${ids.join(', ')}`)
}

async function ask({ url }: Loaded, operation: string, body: string): Promise<string> {
  const session = connect(url)
  try {
    const { status, text } = await post(session, `/api/roomserver/${operation}`, body)
    if (status !== 200) throw new Error(`${operation}: ${status} ${text.slice(0, 500)}`)
    return text
  } finally {
    session.close()
  }
}

function idsOf(events: readonly Pdu[]): readonly EventId[] {
  return events.map(({ eventId }) => eventId)
}
