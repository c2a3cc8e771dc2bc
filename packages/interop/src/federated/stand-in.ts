import { once } from 'node:events'
import { createServer, type Http2Server } from 'node:http2'
import { decodeBase64, ed25519, encodeBase64, type Pdu } from '@roomserver/events'
import { isJsonObject, type JsonObject, type JsonValue } from '@roomserver/types'
import { textOf } from '@roomserver/testing'
import type { FarRoom } from './far-room.ts'
import { FAR, SIGNING } from './names.ts'

/** A federation component behind which there is one other server, honest and complete. */
export interface StandIn extends AsyncDisposable {
  readonly url: string
  /** How often it was called, by operation, since it was last looked at. */
  takeCalls(): ReadonlyMap<string, number>
}

type Answers = Readonly<Record<string, (request: JsonObject) => JsonValue>>

/** Starts one on a free port of the loopback interface, over HTTP/2 without TLS as the reference's components speak. */
export async function startStandIn(rooms: ReadonlyMap<string, FarRoom>): Promise<StandIn> {
  const seed = decodeBase64(SIGNING.seed)
  if (seed === undefined) throw new TypeError('the seed is not valid base64')
  const answers = answersOf(rooms, encodeBase64(await ed25519.publicKey(seed)))
  let calls = new Map<string, number>()
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const operation = (request.url ?? '').split('/').at(-1) ?? ''
      calls.set(operation, (calls.get(operation) ?? 0) + 1)
      const asked = JSON.parse(Buffer.concat(parts).toString('utf8')) as JsonValue
      const answer = isJsonObject(asked) ? answers[operation]?.(asked) : undefined
      response.writeHead(answer === undefined ? 500 : 200, { 'content-type': 'application/json' })
      response.end(JSON.stringify(answer ?? { Type: '*errors.errorString', Message: 'not known here' }))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${portOf(server)}`,
    takeCalls: () => {
      const taken = calls
      calls = new Map()
      return taken
    },
    [Symbol.asyncDispose]: () => new Promise((closed) => server.close(() => closed())),
  }
}

function answersOf(rooms: ReadonlyMap<string, FarRoom>, key: string): Answers {
  const roomOf = (request: JsonObject) => rooms.get(textOf(request['RoomID']))
  const stateOf = (request: JsonObject) => roomOf(request)?.stateBefore(textOf(request['EventID'])) ?? []
  const chainOf = (request: JsonObject, events: readonly Pdu[]) => roomOf(request)?.authChain(events) ?? []
  return {
    queryJoinedHostServerNamesInRoom: () => ({ server_names: [FAR] }),
    queryPublicKey: ({ requests }) => ({
      results: Object.fromEntries(
        Object.keys(isJsonObject(requests) ? requests : {}).map((name) => [
          name,
          { key, expired_ts: 0, valid_until_ts: 4_000_000_000_000 },
        ]),
      ),
    }),
    inputPublicKey: () => ({}),
    lookupMissingEvents: (request) => {
      const { limit, earliest_events: earliest, latest_events: latest } = objectOf(request['Missing'])
      const count = typeof limit === 'number' ? limit : 0
      return { events: jsonOf(roomOf(request)?.between(textsOf(earliest), textsOf(latest), count) ?? []) }
    },
    lookupStateIDs: (request) => {
      const state = stateOf(request)
      return { pdu_ids: idsOf(state), auth_chain_ids: idsOf(chainOf(request, state)) }
    },
    lookupState: (request) => {
      const state = stateOf(request)
      return { pdus: jsonOf(state), auth_chain: jsonOf(chainOf(request, state)) }
    },
    getEventAuth: (request) => {
      const event = roomOf(request)?.event(textOf(request['EventID']))
      return { auth_chain: jsonOf(event === undefined ? [] : chainOf(request, [event])) }
    },
    getEvent: ({ EventID: id }) => {
      const found = [...rooms.values()].flatMap((room) => room.event(textOf(id)) ?? [])
      return { origin: FAR, origin_server_ts: 0, pdus: jsonOf(found) }
    },
  }
}

function jsonOf(events: readonly Pdu[]): JsonValue {
  return events.map((event) => JSON.parse(event.json) as JsonValue)
}

function idsOf(events: readonly Pdu[]): readonly string[] {
  return events.map(({ eventId }) => eventId)
}

function objectOf(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {}
}

function textsOf(value: JsonValue | undefined): readonly string[] {
  return Array.isArray(value) ? value.map((one: JsonValue) => textOf(one)) : []
}

function portOf(server: Http2Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
