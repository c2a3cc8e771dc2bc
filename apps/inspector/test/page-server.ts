import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { openEvents, readEventFile } from '@roomserver/inspect'

const TYPES: Readonly<Record<string, string>> = {
  'index.html': 'text/html',
  'inspector.js': 'text/javascript',
  'inspector.css': 'text/css',
  'icon.svg': 'image/svg+xml',
}

/** What becomes of a request; `undefined`: it is answered. */
export type Fault = (operation: string) => Promise<number | 'broken' | undefined>

/** The page with a room server behind it that fails as a test says. */
export interface PageServer extends AsyncDisposable {
  readonly url: string
  /** Operations that were asked for, in their order. */
  readonly asked: string[]
  /** Decides what becomes of requests; none fails unless this is set. */
  fault: Fault
}

/** Serves the built page, and the inspection of the rooms of a file. */
export async function servePage(built: string, events: string): Promise<PageServer> {
  const { inspection } = await openEvents(readEventFile(events))
  const activity = async (): Promise<object> => ({ server_name: 'one.example', rooms: [] })
  const operations = { ...inspection, activity } as Readonly<
    Record<string, (request: unknown) => Promise<object>>
  >
  const asked: string[] = []
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = new URL(request.url ?? '', 'http://localhost').pathname
    const operation = path.startsWith('/api/inspect/v1/') ? path.slice('/api/inspect/v1/'.length) : undefined
    if (operation === undefined) {
      const name = path === '/inspect/' ? 'index.html' : path.slice('/inspect/'.length)
      const type = TYPES[name]
      if (type === undefined) response.writeHead(404).end()
      else response.writeHead(200, { 'content-type': type }).end(await readFile(join(built, name)))
      return
    }
    asked.push(operation)
    const body = await text(request)
    const fault = await served.fault(operation)
    if (fault === 'broken') response.destroy()
    else if (fault !== undefined) response.writeHead(fault).end()
    else {
      const said = await operations[operation]?.(JSON.parse(body)).then(
        (value) => [200, value] as const,
        (error: unknown) =>
          [500, { Type: 'x', Message: error instanceof Error ? error.message : '' }] as const,
      )
      response.writeHead(said?.[0] ?? 404).end(said === undefined ? '' : JSON.stringify(said[1]))
    }
  }
  const server: Server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const served: PageServer = {
    url: `http://127.0.0.1:${port}/inspect/`,
    asked,
    fault: async () => undefined,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return served
}
