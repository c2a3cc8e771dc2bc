import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Where the server under test keeps its rooms and announces its outputs. */
export interface TargetOptions {
  readonly serverName: string
  /** `file:…` or `postgresql://…`; a fresh SQLite file when left out. */
  readonly database?: string
  /** JetStream to announce to; the embedded log when left out. */
  readonly natsUrl?: string
  /** The component that answers calls to other servers; none when left out. */
  readonly federationUrl?: string
}

/** A running server of our own, started as an operator would. */
export interface Target extends AsyncDisposable {
  readonly url: string
  readonly topicPrefix: string
  readonly pid: number
  /** Everything it printed so far. */
  readonly log: () => string
}

const ROOT = join(import.meta.dirname, '../../../..')

/** Starts the program with a fresh data folder and waits until it is ready. @throws {Error} with its log when it does not start */
export async function startTarget(options: TargetOptions): Promise<Target> {
  const folder = await mkdtemp(join(tmpdir(), 'roomserver-replay-'))
  const port = await freePort()
  const config = join(folder, 'dendrite.yaml')
  await writeFile(config, configuration(options, folder, port))
  await writeFile(join(folder, 'key.pem'), KEY_PEM)
  const child = spawn(
    process.execPath,
    [
      '--conditions=@roomserver/source',
      join(ROOT, 'apps/roomserver/src/index.ts'),
      'serve',
      '--config',
      config,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let log = ''
  child.stdout.on('data', (text: Buffer) => (log += text.toString()))
  child.stderr.on('data', (text: Buffer) => (log += text.toString()))
  const url = `http://127.0.0.1:${port}`
  const stop = async () => {
    if (child.exitCode === null) {
      child.kill('SIGTERM')
      await once(child, 'exit')
    }
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await waitUntilReady(url, () => child.exitCode === null)
  } catch (cause) {
    await stop()
    throw new Error(`the server did not start:\n${log}`, { cause })
  }
  return { url, topicPrefix: 'Dendrite', pid: child.pid ?? 0, log: () => log, [Symbol.asyncDispose]: stop }
}

async function waitUntilReady(url: string, alive: () => boolean): Promise<void> {
  for (let tries = 0; tries < 300 && alive(); tries++) {
    const answer = await fetch(`${url}/readyz`).catch(() => undefined)
    if (answer?.ok === true) return
    await new Promise((done) => setTimeout(done, 100))
  }
  throw new Error(`not ready: ${url}`)
}

/** A port that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** The key of RFC 8032's first test; recorded rooms are not signed with it, and need not be. */
const KEY_PEM = `-----BEGIN MATRIX PRIVATE KEY-----
Key-ID: ed25519:replay

nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=
-----END MATRIX PRIVATE KEY-----
`

function configuration(options: TargetOptions, folder: string, port: number): string {
  const { serverName, natsUrl, federationUrl } = options
  const database = options.database ?? `file:${join(folder, 'rooms.db')}`
  return [
    'version: 2',
    'global:',
    `  server_name: ${serverName}`,
    `  private_key: ${join(folder, 'key.pem')}`,
    ...(natsUrl === undefined
      ? []
      : ['  jetstream:', `    addresses: ['${natsUrl}']`, '    topic_prefix: Dendrite']),
    'room_server:',
    '  internal_api:',
    `    listen: http://127.0.0.1:${port}`,
    `    connect: http://127.0.0.1:${port}`,
    '  database:',
    `    connection_string: ${database}`,
    ...(federationUrl === undefined
      ? []
      : ['federation_api:', '  internal_api:', `    connect: ${federationUrl}`]),
    '',
  ].join('\n')
}
