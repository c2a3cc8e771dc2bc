import { type ChildProcess, spawn } from 'node:child_process'
import { chown, glob, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NEWER_RELEASE, isNewEnough, unpackNewer } from './debian.ts'
import { cacheFolder, type FetchWay, fetchProgram, firstExecutable, onPath, run } from './find.ts'
import { answers, unprivileged } from './postgres.ts'
import { endProcess, endWithUs, freePort, type TestServer, untilUp } from './running.ts'

/** The first that prepares statements for clients in transaction mode, and reads the settings of a session. */
const OLDEST = [1, 21] as const

/** The newer package runs with the libraries that it was made for. */
const WAYS: readonly FetchWay[] = [
  {
    name: NEWER_RELEASE,
    program: 'usr/sbin/pgbouncer',
    run: (folder) => unpackNewer(folder, { name: 'pgbouncer', with: ['lib', 'zlib'] }),
  },
]

/**
 * How to run a PgBouncer that is new enough: the one on the path, or one that is fetched once and kept.
 *
 * @throws {AggregateError} when there is none and none can be fetched
 */
async function findPgBouncer(say: (line: string) => void): Promise<readonly string[]> {
  const installed = await firstExecutable([...onPath('pgbouncer'), '/usr/sbin/pgbouncer'])
  if (installed !== undefined && isNewEnough(await run(installed, ['--version']), OLDEST)) return [installed]
  say(
    `PgBouncer ${OLDEST.join('.')} is not installed: using the package of Debian ${NEWER_RELEASE}, fetched by apt-get and unpacked`,
  )
  const program = await fetchProgram('pgbouncer', WAYS)
  const loaders: string[] = []
  for await (const file of glob(join(cacheFolder(), `pgbouncer-${NEWER_RELEASE}/usr/lib/*/ld-linux-*.so.*`)))
    loaders.push(file)
  const [loader] = loaders
  if (loader === undefined) throw new Error('there is no loader beside the libraries of PgBouncer')
  return [loader, '--library-path', join(loader, '..'), program]
}

/**
 * Starts a PgBouncer (1.21 or later) in transaction mode on a free port of 127.0.0.1.
 *
 * @param databaseUrl - a database of a server that trusts 127.0.0.1
 * @param connections - how many connections to the server it shares among its clients
 * @param say - is told before anything is fetched
 * @throws {Error} when no such PgBouncer can be found or fetched, or it does not come up
 */
export async function startPgBouncer(
  databaseUrl: string,
  connections: number,
  say: (line: string) => void,
): Promise<TestServer> {
  const [program = '', ...before] = await findPgBouncer(say)
  const owner = await unprivileged()
  const folder = await mkdtemp(join(tmpdir(), 'roomserver-pgbouncer-'))
  if (owner !== undefined) await chown(folder, owner.uid, owner.gid)
  const { hostname, port: serverPort, username } = new URL(databaseUrl)
  const url = new URL(databaseUrl)
  url.port = String(await freePort())
  const file = join(folder, 'pgbouncer.ini')
  await writeFile(
    file,
    `[databases]
* = host=${hostname} port=${serverPort} user=${username}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${url.port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
max_client_conn = 500
default_pool_size = ${connections}
`,
    { mode: 0o644 },
  )
  let child: ChildProcess | undefined
  const server: TestServer = {
    url: url.href,
    folder,
    start: async () => {
      child = spawn(program, [...before, file], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], ...owner })
      endWithUs(child, 'SIGKILL')
      await untilUp('PgBouncer', child, () => answers(url.href))
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
