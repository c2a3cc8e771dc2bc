import { Agent, request } from 'node:http'
import { type ClientHttp2Session, connect } from 'node:http2'
import { setTimeout as pause } from 'node:timers/promises'
import { createRoomserverClient } from '@roomserver/inthttp'
import { post } from '@roomserver/testing'

/** How a request is sent: over HTTP, repeating nothing, or by the client of this repository, which repeats what it may. */
export type CallerKind = 'h1' | 'h2' | 'client'

/** What callers got. */
export interface Answers {
  answered: number
  /** Why requests failed, each with how often. */
  readonly failures: Map<string, number>
}

const PATH = '/api/roomserver/queryPublishedRooms'
const BETWEEN_MS = 2

/** Calls without an end, each caller on a connection of its own, one request after the other. */
export function startCallers(
  port: number,
  kind: CallerKind,
  count: number,
): { readonly answers: Answers; end(): Promise<void> } {
  const answers: Answers = { answered: 0, failures: new Map() }
  let isOver = false
  const note = (result: string) => {
    if (result === '200') answers.answered++
    else answers.failures.set(result, (answers.failures.get(result) ?? 0) + 1)
  }
  const caller = async () => {
    const call = CALLS[kind](port)
    while (!isOver) {
      note(await call.send())
      await pause(BETWEEN_MS)
    }
    call.end()
  }
  const callers = Array.from({ length: count }, caller)
  return {
    answers,
    end: async () => {
      isOver = true
      await Promise.all(callers)
    },
  }
}

interface Calls {
  /** The status of the answer, or why there was none. */
  send(): Promise<string>
  end(): void
}

const CALLS: Readonly<Record<CallerKind, (port: number) => Calls>> = {
  h1: overHttp1,
  h2: overHttp2,
  client: byClient,
}

function byClient(port: number): Calls {
  const client = createRoomserverClient(`http://127.0.0.1:${port}`)
  return {
    send: () => client.queryPublishedRooms({ RoomID: '' }).then(() => '200', reasonOf),
    end: () => void client[Symbol.asyncDispose](),
  }
}

function overHttp2(port: number): Calls {
  const open = (): ClientHttp2Session => {
    const opened = connect(`http://127.0.0.1:${port}`)
    opened.on('error', () => undefined)
    return opened
  }
  let session = open()
  return {
    send: () => {
      if (session.closed || session.destroyed) session = open()
      return post(session, PATH, '{}').then(({ status }) => String(status), reasonOf)
    },
    end: () => session.destroy(),
  }
}

function overHttp1(port: number): Calls {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const send = () =>
    new Promise<string>((resolve) => {
      const sent = request({ host: '127.0.0.1', port, path: PATH, method: 'POST', agent }, (answer) => {
        answer.resume()
        answer.once('end', () => resolve(String(answer.statusCode)))
        answer.once('error', (error) => resolve(reasonOf(error)))
      })
      sent.once('error', (error) => resolve(reasonOf(error)))
      sent.end('{}')
    })
  return { send, end: () => agent.destroy() }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
