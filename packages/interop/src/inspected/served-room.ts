import { type ClientHttp2Session, connect } from 'node:http2'
import { BUILT, post, startTarget, type Target } from '@roomserver/testing'
import type { Call } from '../soak/day.ts'

/** The name of the server whose room is looked at. */
export const SERVER_NAME = 'test.example'

/** A server of ours that serves a store with the room. */
export interface ServedRoom extends AsyncDisposable {
  readonly url: string
  readonly pid: number
  readonly call: Call
  /** Asks an operation for operators. */
  readonly administrate: (operation: string, request: object) => Promise<unknown>
  /** Ends the server without a warning. */
  readonly kill: () => void
}

/** Starts the built server on a store. It checks no rooms in the background: that would be measured in some turns and not in others. */
export async function serveRoom(file: string): Promise<ServedRoom> {
  const server = await startTarget(
    { serverName: SERVER_NAME, database: `file:${file}`, servesPage: true, warmsUp: true, scrubs: false },
    BUILT,
  )
  const session = connect(server.url)
  // Requests under way say it themselves.
  session.on('error', () => undefined)
  return servedBy(server, session)
}

function servedBy(server: Target, session: ClientHttp2Session): ServedRoom {
  const { pid, url } = server
  const ask = async (path: string, body: string): Promise<string> => {
    const { status, text } = await post(session, path, body)
    if (status !== 200) throw new Error(`${path}: ${status} ${text.slice(0, 500)}`)
    return text
  }
  return {
    url,
    pid,
    call: (operation, body) => ask(`/api/roomserver/${operation}`, body),
    administrate: async (operation, request) =>
      JSON.parse(await ask(`/api/admin/v1/${operation}`, JSON.stringify(request))) as unknown,
    kill: () => process.kill(pid, 'SIGKILL'),
    [Symbol.asyncDispose]: async () => {
      session.destroy()
      await server[Symbol.asyncDispose]()
    },
  }
}
