import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** Whether a homeserver hears the other one: everything passes, what is sent gets lost on the way, or nothing passes. */
export type LinkMode = 'pass' | 'drop' | 'refuse'

/** The wire into a homeserver's federation port, which can be cut. */
export interface Link extends AsyncDisposable {
  mode: LinkMode
  /** Paths of requests that are refused though everything else passes. */
  refused: RegExp | undefined
  /** Paths of requests that nobody answers, until the caller gives up. */
  stalled: RegExp | undefined
  /** How long everything takes in addition. */
  delayMs: number
  /** The homeserver whose requests all this is about; those of others pass. Left out: everybody's. */
  from: string | undefined
}

/** A link through which everything passes. */
export const WHOLE = {
  mode: 'pass',
  refused: undefined,
  stalled: undefined,
  delayMs: 0,
  from: undefined,
} as const

const SYNC_PATH =
  /^\/_matrix\/client\/[^/]+\/(sync|user\/[^/]+\/filter(\/.*)?|keys\/changes|rooms\/[^/]+\/(messages|context\/.+))$/

/** Ports of the components that a client's request may be for. */
export interface ClientPorts {
  readonly listen: number
  readonly client: number
  readonly sync: number
  readonly media: number
  readonly admin: number
}

/** One client API address in front of the components, which each serve a part of it. */
export async function startClientProxy(ports: ClientPorts): Promise<AsyncDisposable> {
  const server = createServer((incoming, outgoing) => {
    const path = (incoming.url ?? '/').split('?')[0] ?? '/'
    const port = path.startsWith('/_dendrite/')
      ? ports.admin
      : path.startsWith('/_matrix/media/')
        ? ports.media
        : SYNC_PATH.test(path)
          ? ports.sync
          : ports.client
    pass(incoming, outgoing, port)
  }).listen(ports.listen, '127.0.0.1')
  await once(server, 'listening')
  return closing(server)
}

/** TLS in front of a federation component. */
export async function startLink(listen: number, to: number, folder: string): Promise<Link> {
  const tls = await selfSigned(folder)
  const server = createTlsServer({ ...tls, ALPNProtocols: ['http/1.1'] }, (incoming, outgoing) => {
    const path = incoming.url ?? ''
    const isSend = incoming.method === 'PUT' && /^\/_matrix\/federation\/v\d+\/send\//.test(path)
    const isOther = link.from !== undefined && incoming.headers.authorization?.includes(link.from) !== true
    if (isOther) {
      pass(incoming, outgoing, to)
    } else if (link.mode === 'refuse' || link.refused?.test(path) === true) {
      incoming.resume()
      outgoing.writeHead(503).end('{"errcode":"M_UNKNOWN","error":"the link is cut"}')
    } else if (link.mode === 'drop' && isSend) {
      incoming.resume()
      outgoing.writeHead(200, { 'content-type': 'application/json' }).end('{"pdus":{}}')
    } else if (link.stalled?.test(path) === true) {
      incoming.resume()
    } else {
      setTimeout(() => pass(incoming, outgoing, to), link.delayMs)
    }
  }).listen(listen, '127.0.0.1')
  await once(server, 'listening')
  const link: Link = { ...WHOLE, ...closing(server) }
  return link
}

function pass(incoming: IncomingMessage, outgoing: ServerResponse, port: number): void {
  const onward = request(
    { host: '127.0.0.1', port, path: incoming.url, method: incoming.method, headers: incoming.headers },
    (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    },
  )
  onward.on('error', () => {
    if (!outgoing.headersSent) outgoing.writeHead(502)
    outgoing.end()
  })
  outgoing.on('close', () => onward.destroy())
  incoming.pipe(onward)
}

function closing(server: { close(done: () => void): unknown; closeAllConnections(): void }): AsyncDisposable {
  return {
    [Symbol.asyncDispose]: () =>
      new Promise<void>((closed) => {
        server.close(() => closed())
        server.closeAllConnections()
      }),
  }
}

async function selfSigned(folder: string): Promise<{ key: Buffer; cert: Buffer }> {
  const [key, cert] = [join(folder, 'tls.key'), join(folder, 'tls.crt')]
  await promisify(execFile)('openssl', [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '10',
    '-keyout',
    key,
    '-out',
    cert,
    '-subj',
    '/CN=localhost',
    '-addext',
    'subjectAltName=DNS:localhost,IP:127.0.0.1',
  ])
  return { key: await readFile(key), cert: await readFile(cert) }
}
