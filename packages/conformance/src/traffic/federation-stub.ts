import { once } from 'node:events'
import { createServer, type Http2Server } from 'node:http2'
import { isJsonObject, type JsonObject, type JsonValue } from '@roomserver/types'
import { textOf } from '../json-text.ts'
import { stableText } from './compare.ts'
import type { RecordedLine } from './recording.ts'

/** A federation component (HTTP/2 cleartext, as the real one speaks it) that answers from a recording, and reports what it could not answer. */
export interface FederationStub extends AsyncDisposable {
  readonly url: string
  /** Calls that the recording holds no answer for. */
  readonly unanswered: readonly string[]
}

interface Answer {
  readonly status: number
  readonly body: JsonValue
}

/**
 * Starts the stub on a free port of the loopback interface. A call is answered when the recording holds what it asks
 * for, in whatever call it was recorded: the same request; keys and events one by one; state by room and event.
 */
export async function startFederationStub(lines: readonly RecordedLine[]): Promise<FederationStub> {
  const archive = new Archive(lines)
  const unanswered: string[] = []
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const path = request.url ?? ''
      const answer = archive.answer(path, parseBody(Buffer.concat(parts).toString('utf8')))
      if (answer === undefined) unanswered.push(`${path} ${Buffer.concat(parts).toString('utf8')}`)
      const { status, body } = answer ?? { status: 500, body: NOT_RECORDED }
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${portOf(server)}`,
    unanswered,
    [Symbol.asyncDispose]: () => new Promise((closed) => server.close(() => closed())),
  }
}

const NOT_RECORDED = { Type: '*errors.errorString', Message: 'the recording holds no answer' }

function parseBody(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue
  } catch {
    return null
  }
}

function portOf(server: Http2Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** Everything a recording holds of the federation component's answers, by what was asked. */
class Archive {
  readonly #byRequest = new Map<string, Answer[]>()
  readonly #keys = new Map<string, JsonValue>()
  /** Events by their ID, as text of the federation format, wherever in the recording they stand. */
  readonly #events = new Map<string, JsonObject>()
  readonly #byRoomAndEvent = new Map<string, Answer>()

  constructor(lines: readonly RecordedLine[]) {
    for (const line of lines) {
      this.#collectEvents(line)
      if (line.kind !== 'federation') continue
      const answer = { status: line.status, body: line.response }
      const key = `${line.path} ${stableText(line.request)}`
      this.#byRequest.set(key, [...(this.#byRequest.get(key) ?? []), answer])
      if (!isJsonObject(line.request) || !isJsonObject(line.response)) continue
      this.#byRoomAndEvent.set(roomAndEvent(line.path, line.request), answer)
      const results = line.response['results']
      if (isJsonObject(results)) for (const [id, value] of Object.entries(results)) this.#addKey(id, value)
    }
  }

  answer(path: string, request: JsonValue): Answer | undefined {
    const recorded = this.#byRequest.get(`${path} ${stableText(request)}`)
    if (recorded !== undefined) return recorded.length > 1 ? recorded.shift() : recorded[0]
    if (!isJsonObject(request)) return undefined
    if (path.endsWith('/queryPublicKey')) return this.#publicKeys(request)
    if (path.endsWith('/client/getEvent')) return this.#singleEvent(request)
    return this.#byRoomAndEvent.get(roomAndEvent(path, request))
  }

  #addKey(id: string, value: JsonValue | undefined): void {
    if (value !== undefined) this.#keys.set(id, value)
  }

  #publicKeys(request: JsonObject): Answer {
    const requests = request['requests']
    const wanted = isJsonObject(requests) ? Object.keys(requests) : []
    const found = wanted.flatMap((id) => {
      const key = this.#keys.get(id)
      return key === undefined ? [] : [[id, key] as const]
    })
    return { status: 200, body: { results: Object.fromEntries(found) } }
  }

  #singleEvent(request: JsonObject): Answer | undefined {
    const event = this.#events.get(textOf(request['EventID']))
    return (
      event && { status: 200, body: { origin: textOf(request['S']), origin_server_ts: 0, pdus: [event] } }
    )
  }

  #collectEvents(value: unknown): void {
    if (Array.isArray(value)) for (const item of value) this.#collectEvents(item)
    if (!isJsonObject(value)) return
    const id = value['_event_id'] ?? value['event_id']
    if (typeof id === 'string' && 'auth_events' in value) {
      const { _event_id, _room_version, ...event } = value
      this.#events.set(id, event)
    } else {
      for (const member of Object.values(value)) this.#collectEvents(member)
    }
  }
}

/** Calls about one event are the same whichever server, limit or count they name. */
function roomAndEvent(path: string, request: JsonObject): string {
  return `${path} ${stableText(request['RoomID'] ?? request['room_id'] ?? null)} ${stableText(request['EventID'] ?? request['EventIDs'] ?? request['user_id'] ?? null)}`
}
