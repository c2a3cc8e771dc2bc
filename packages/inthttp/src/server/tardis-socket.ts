import type { IncomingMessage } from 'node:http'
import { isJsonObject, type JsonObject, type Logger } from '@roomserver/types'
import { type WebSocket, WebSocketServer } from 'ws'
import { hasToken, isNamed, isPlain, sameSecret } from './guards.ts'
import type { ServerOptions, TardisResolver } from './options.ts'
import type { Upgrades } from './protocol-server.ts'

/** Where TARDIS connects to. */
const PATH = '/api/inspect/tardis'

const MAX_CONNECTIONS = 4
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024
/** Questions of a connection that wait or are worked on. */
const MAX_QUESTIONS = 64
/** How long an answer may take, and how long nothing may be asked. */
const ANSWER_MS = 60_000
const IDLE_MS = 600_000
/** How many events are asked for at a time. */
const EVENTS_AT_A_TIME = 256

/**
 * Serves the resolver to TARDIS, which is a web page of another site: where a token is configured, its address has that as
 * `access_token`; otherwise only pages of this machine may connect.
 */
export function tardisSocket(
  resolver: TardisResolver,
  { hosts, log, token }: Pick<ServerOptions, 'hosts' | 'log' | 'token'>,
): Upgrades {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
  })
  const names = hosts && new Set(hosts.map((name) => name.toLowerCase()))
  const refusalOf = (request: IncomingMessage): string | undefined => {
    const { headers } = request
    if (!isPlain(request)) return '400 Bad Request'
    if (names !== undefined && !isNamed(headers, names)) return '421 Misdirected Request'
    if (token === undefined ? !isLocalPage(headers.origin) : !hasGivenToken(request, token))
      return token === undefined ? '403 Forbidden' : '401 Unauthorized'
    return server.clients.size >= MAX_CONNECTIONS ? '503 Service Unavailable' : undefined
  }
  return {
    isFor: ({ url }) => url?.split('?', 1)[0] === PATH,
    upgrade: (request, socket, head) => {
      const refusal = refusalOf(request)
      if (refusal !== undefined) {
        socket.end(`HTTP/1.1 ${refusal}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
        return
      }
      server.handleUpgrade(request, socket, head, (client) => {
        new TardisConnection(client, resolver, log).start()
      })
    },
    close: () => {
      for (const client of server.clients) client.terminate()
      server.close()
    },
  }
}

/** Whether a page comes from this machine; programs, which are no pages, send no origin. */
function isLocalPage(origin: string | undefined): boolean {
  if (origin === undefined) return true
  if (!URL.canParse(origin)) return false
  const { hostname } = new URL(origin)
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d+){3}$/.test(hostname)
}

function hasGivenToken({ headers, url = '' }: IncomingMessage, token: string): boolean {
  const given = new URLSearchParams(url.slice(url.indexOf('?') + 1)).get('access_token')
  return hasToken(headers, token) || (given !== null && sameSecret(given, token))
}

type Message = { readonly type: unknown; readonly id: unknown; readonly data: unknown }

class TardisConnection {
  readonly #client: WebSocket
  readonly #resolver: TardisResolver
  readonly #log: Logger | undefined
  /** Events that TARDIS was asked for, by the message. */
  readonly #asked = new Map<string, (event: JsonObject | undefined) => void>()
  readonly #idle: NodeJS.Timeout
  #questions = 0
  #messages = 0
  #last: Promise<void> = Promise.resolve()

  constructor(client: WebSocket, resolver: TardisResolver, log: Logger | undefined) {
    this.#client = client
    this.#resolver = resolver
    this.#log = log
    this.#idle = setTimeout(() => client.terminate(), IDLE_MS)
  }

  start(): void {
    this.#client.on('message', (data, isBinary) => {
      this.#idle.refresh()
      const message = isBinary || !Buffer.isBuffer(data) ? undefined : messageIn(data.toString('utf8'))
      if (message === undefined) this.#client.close(1003)
      else this.#take(message)
    })
    // The fault of the peer; it is closed already.
    this.#client.on('error', () => undefined)
    this.#client.on('close', () => {
      clearTimeout(this.#idle)
      for (const give of this.#asked.values()) give(undefined)
    })
  }

  #take({ data, id, type }: Message): void {
    if (typeof id !== 'string') return
    if (type === 'get_event') {
      const event = isJsonObject(data) && isJsonObject(data['event']) ? data['event'] : undefined
      this.#asked.get(id)?.(event)
    } else if (type === 'resolve_state') {
      if (++this.#questions > MAX_QUESTIONS) {
        this.#client.close(1013)
        return
      }
      this.#last = this.#last.then(() => this.#answer(id, data)).finally(() => this.#questions--)
    }
  }

  async #answer(id: string, data: unknown): Promise<void> {
    const answer = await this.#resolved(data)
    this.#send({ type: 'resolve_state', id, data: answer })
  }

  async #resolved(data: unknown): Promise<{ readonly result: object; readonly error: string }> {
    const late = Promise.withResolvers<never>()
    const timer = setTimeout(() => late.reject(new RangeError('the answer takes too long')), ANSWER_MS)
    try {
      return await Promise.race([this.#resolver(data, (ids) => this.#events(ids)), late.promise])
    } catch (error) {
      if (error instanceof RangeError) return { result: {}, error: error.message }
      this.#log?.error({ err: error }, 'could not answer TARDIS')
      return { result: {}, error: 'internal error; see the log of the room server' }
    } finally {
      clearTimeout(timer)
    }
  }

  async #events(ids: readonly string[]): Promise<ReadonlyMap<string, JsonObject>> {
    const found = new Map<string, JsonObject>()
    for (let at = 0; at < ids.length; at += EVENTS_AT_A_TIME) {
      const some = ids.slice(at, at + EVENTS_AT_A_TIME)
      const events = await Promise.all(some.map((id) => this.#event(id)))
      for (const [index, id] of some.entries()) {
        const event = events[index]
        if (event !== undefined) found.set(id, event)
      }
    }
    return found
  }

  async #event(eventId: string): Promise<JsonObject | undefined> {
    if (this.#client.readyState !== this.#client.OPEN) return undefined
    const id = `event-${++this.#messages}`
    const { promise, resolve } = Promise.withResolvers<JsonObject | undefined>()
    this.#asked.set(id, resolve)
    this.#send({ type: 'get_event', id, data: { event_id: eventId } })
    try {
      return await promise
    } finally {
      this.#asked.delete(id)
    }
  }

  #send(message: object): void {
    if (this.#client.readyState === this.#client.OPEN) this.#client.send(JSON.stringify(message))
  }
}

function messageIn(text: string): Message | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isJsonObject(value) ? { type: value['type'], id: value['id'], data: value['data'] } : undefined
  } catch {
    return undefined
  }
}
