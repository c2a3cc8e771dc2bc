import { type ChildProcess, spawn } from 'node:child_process'
import { chown, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { endProcess, endWithUs, findPostgres, freePort } from '@roomserver/testing'
import { type EtcdMember, startEtcdCluster, valueOf } from './etcd-cluster.ts'
import { type Haproxy, startHaproxy } from './haproxy.ts'
import { isOk } from './is-ok.ts'
import type { ProgramName } from './programs.ts'
import { stamp } from './stamp.ts'

/** A PostgreSQL under Patroni. */
export interface ClusterNode {
  readonly name: string
  readonly port: number
  readonly restPort: number
  readonly folder: string
  /** Ends Patroni and PostgreSQL as a power failure does. */
  kill(): Promise<void>
  /** Starts Patroni again, which starts PostgreSQL. */
  start(): Promise<void>
  /** Has Patroni do nothing any more, while PostgreSQL goes on: the node is cut off from the others and does not know. */
  freeze(): void
  thaw(): void
  /** What Patroni said and what was done to it, with the time; not what it says every time. */
  readonly log: readonly string[]
}

/** Three PostgreSQLs, of which one is the primary and one a synchronous standby, behind HAProxy. */
export interface PatroniCluster extends AsyncDisposable {
  /** By way of HAProxy: whatever is the primary now. */
  readonly url: string
  /** The same for each process, so that it can be told where its connections lead. */
  readonly processUrls: readonly string[]
  /** Where HAProxy sends connections. */
  leads(): ReturnType<Haproxy['leads']>
  /** Who has the lock in etcd, and the revision of that. */
  lockHolder(): Promise<string | undefined>
  readonly nodes: readonly ClusterNode[]
  readonly etcd: readonly EtcdMember[]
  /** Waits until there is a primary with a synchronous standby; names both. */
  settled(): Promise<{ readonly primary: ClusterNode; readonly standby: ClusterNode }>
  /** Makes another node the primary, in order. */
  switchOver(): Promise<void>
  /** Makes the synchronous standby the primary while the old one is there, not in order: by a request to fail over. */
  failOver(): Promise<void>
}

/** As short as Patroni takes them: a primary that is gone is replaced after `ttl` at the latest. */
const TIMES = { ttl: 20, loop_wait: 2, retry_timeout: 8 }
const SIZE = 3
const SCOPE = 'rooms'
const SETTLE_MS = 120_000

/** What Patroni says again and again, and of callers that hung up. */
const ORDINARY =
  /INFO: (?:no action|Lock owner|establishing a new|closed patroni)|in progress$|Loop time exceeded|Exception happened|Traceback/

interface Owner {
  readonly uid: number
  readonly gid: number
}

/** Starts etcd, the nodes and HAProxy on loopback, for a number of processes. */
export async function startPatroniCluster(
  programs: Readonly<Record<ProgramName, string>>,
  processes: number,
): Promise<PatroniCluster> {
  await using owned = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'roomserver-failover-'))
  owned.defer(() => rm(folder, { recursive: true, force: true }))
  const owner = await postgresUser()
  if (owner !== undefined) await chown(folder, owner.uid, owner.gid)
  const { members } = owned.use(await startEtcdCluster(programs.etcd, folder))
  const etcd = members.map((member) => `127.0.0.1:${member.port}`).join()
  const nodes: Node[] = []
  while (nodes.length < SIZE) {
    const node = await Node.prepare(programs.patroni, join(folder, `pg${nodes.length + 1}`), etcd, owner)
    owned.defer(() => node.kill())
    nodes.push(node)
  }
  const [first, ...others] = nodes
  await first?.start()
  await pause(2_000)
  for (const node of others) await node.start()
  const haproxy = owned.use(await startHaproxy(programs.haproxy, folder, nodes, processes))
  const cluster = clusterOf(nodes)
  await cluster.settled()
  const parts = owned.move()
  return {
    ...cluster,
    url: urlOf(haproxy.port),
    processUrls: haproxy.processPorts.map(urlOf),
    leads: () => haproxy.leads(),
    lockHolder: () => valueOf(members, `/service/${SCOPE}/leader`),
    etcd: members,
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  }
}

function urlOf(port: number): string {
  return `postgresql://postgres@127.0.0.1:${port}/postgres`
}

function clusterOf(
  nodes: readonly Node[],
): Pick<PatroniCluster, 'nodes' | 'settled' | 'switchOver' | 'failOver'> {
  const settled = async () => {
    const end = Date.now() + SETTLE_MS
    for (;;) {
      const [primary] = await withRole(nodes, '/primary')
      const [standby] = await withRole(nodes, '/sync')
      const count = (await withRole(nodes, '/health')).length
      if (primary !== undefined && standby !== undefined && count === SIZE) return { primary, standby }
      if (Date.now() > end) throw new Error('the cluster does not come to rest')
      await pause(500)
    }
  }
  const change = async (path: 'switchover' | 'failover') => {
    const { primary, standby } = await settled()
    // With the leader named, a failover would be a switchover.
    const leader = path === 'switchover' ? { leader: primary.name } : {}
    const body = JSON.stringify({ ...leader, candidate: standby.name })
    const answer = await fetch(`http://127.0.0.1:${primary.restPort}/${path}`, { method: 'POST', body })
    if (!answer.ok) throw new Error(`Patroni refuses the ${path}: ${await answer.text()}`)
  }
  return {
    nodes,
    settled,
    switchOver: () => change('switchover'),
    failOver: () => change('failover'),
  }
}

async function withRole(nodes: readonly Node[], path: string): Promise<readonly Node[]> {
  const asked = await Promise.all(nodes.map(({ restPort }) => isOk(`http://127.0.0.1:${restPort}${path}`)))
  return nodes.filter((_, index) => asked[index])
}

class Node implements ClusterNode {
  readonly name: string
  readonly port: number
  readonly restPort: number
  readonly folder: string
  readonly log: string[] = []
  readonly #program: string
  readonly #owner: Owner | undefined
  #child: ChildProcess | undefined

  private constructor(
    program: string,
    folder: string,
    ports: { readonly port: number; readonly restPort: number },
    owner: Owner | undefined,
  ) {
    this.#program = program
    this.#owner = owner
    this.folder = folder
    this.name = folder.slice(folder.lastIndexOf('/') + 1)
    this.port = ports.port
    this.restPort = ports.restPort
  }

  static async prepare(
    program: string,
    folder: string,
    etcd: string,
    owner: Owner | undefined,
  ): Promise<Node> {
    await mkdir(folder, { mode: 0o700 })
    if (owner !== undefined) await chown(folder, owner.uid, owner.gid)
    const node = new Node(program, folder, { port: await freePort(), restPort: await freePort() }, owner)
    await writeFile(join(folder, 'patroni.yml'), JSON.stringify(await configuration(node, etcd)), {
      mode: 0o644,
    })
    return node
  }

  async start(): Promise<void> {
    // A Patroni that was unpacked and not installed has its modules beside it.
    const modules = join(this.#program, '../../lib/python3/dist-packages')
    const child = spawn(this.#program, [join(this.folder, 'patroni.yml')], {
      stdio: ['ignore', 'ignore', 'pipe'],
      cwd: this.folder,
      env: { ...process.env, PYTHONPATH: modules, TZ: 'UTC' },
      ...this.#owner,
    })
    endWithUs(child, 'SIGTERM')
    this.#note('Patroni starts')
    void this.#listen(child)
    this.#child = child
  }

  async #listen({ stderr }: ChildProcess): Promise<void> {
    if (stderr === null) return
    for await (const line of createInterface(stderr)) {
      const [, at, text = ''] = /^([\d-]+ [\d:,]+) (.*)$/.exec(line) ?? []
      if (at !== undefined && !ORDINARY.test(text)) this.#note(text, at)
    }
  }

  #note(text: string, at = stamp()): void {
    this.log.push(`${at} ${this.name}: ${text}`)
  }

  async kill(): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    this.#note('Patroni and PostgreSQL are killed')
    await endProcess(child, 'SIGKILL')
    const postmaster = await postmasterOf(this.folder)
    if (postmaster === undefined) return
    killQuietly(postmaster, 'SIGQUIT')
    while (killQuietly(postmaster, 0)) await pause(50)
  }

  freeze(): void {
    this.#note('Patroni is stopped, PostgreSQL goes on')
    this.#child?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#note('Patroni goes on')
    this.#child?.kill('SIGCONT')
  }
}

async function postmasterOf(folder: string): Promise<number | undefined> {
  const text = await readFile(join(folder, 'data/postmaster.pid'), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : Number.parseInt(text, 10)
}

function killQuietly(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}

async function configuration(node: ClusterNode, etcd: string): Promise<object> {
  const authentication = { username: 'postgres', password: 'postgres' }
  return {
    scope: SCOPE,
    name: node.name,
    restapi: {
      listen: `127.0.0.1:${node.restPort}`,
      connect_address: `127.0.0.1:${node.restPort}`,
    },
    etcd3: { hosts: etcd },
    bootstrap: {
      dcs: {
        ...TIMES,
        maximum_lag_on_failover: 1_048_576,
        // A commit is acknowledged when a standby has it, or not at all.
        synchronous_mode: true,
        synchronous_mode_strict: true,
        postgresql: {
          use_pg_rewind: true,
          parameters: {
            max_connections: 100,
            shared_buffers: '32MB',
            wal_keep_size: '256MB',
            wal_log_hints: 'on',
          },
        },
      },
      initdb: [{ encoding: 'UTF8' }, { 'auth-host': 'trust' }, { 'auth-local': 'trust' }, 'no-locale'],
      pg_hba: [
        'local all all trust',
        'host all all 127.0.0.1/32 trust',
        'host replication all 127.0.0.1/32 trust',
      ],
    },
    postgresql: {
      listen: `127.0.0.1:${node.port}`,
      connect_address: `127.0.0.1:${node.port}`,
      data_dir: join(node.folder, 'data'),
      // Patroni needs all of PostgreSQL's programs, of which only some may be on the path.
      bin_dir: dirname(await realpath(join(await findPostgres(), 'postgres'))),
      pgpass: join(node.folder, 'pgpass'),
      authentication: { superuser: authentication, replication: authentication, rewind: authentication },
      parameters: { unix_socket_directories: node.folder },
    },
    watchdog: { mode: 'off' },
  }
}

/** PostgreSQL and Patroni do not run as root. */
async function postgresUser(): Promise<Owner | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'))
  const [, , uid, gid] = lines.find(([name]) => name === 'postgres') ?? []
  if (uid === undefined) throw new Error('there is no user postgres')
  return { uid: Number(uid), gid: Number(gid) }
}
