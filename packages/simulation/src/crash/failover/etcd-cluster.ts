import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { endProcess, endWithUs, freePort } from '@roomserver/testing'
import { isOk } from './is-ok.ts'

/** One of the servers that agree which PostgreSQL is the primary. */
export interface EtcdMember {
  readonly port: number
  /** Ends it as a power failure does; what it has on the disk stays. */
  kill(): Promise<void>
  start(): void
  /** Whether the others follow it. */
  isLeader(): Promise<boolean>
}

/** Servers of which the most have to be there. */
export interface EtcdCluster extends AsyncDisposable {
  readonly members: readonly EtcdMember[]
}

/** Starts etcd on loopback, three of them. */
export async function startEtcdCluster(program: string, folder: string): Promise<EtcdCluster> {
  await using owned = new AsyncDisposableStack()
  const places: { readonly name: string; readonly port: number; readonly peers: number }[] = []
  while (places.length < 3) {
    places.push({ name: `etcd${places.length + 1}`, port: await freePort(), peers: await freePort() })
  }
  const cluster = places.map(({ name, peers }) => `${name}=http://127.0.0.1:${peers}`).join()
  const members = places.map(({ name, port, peers }): EtcdMember => {
    const flags = {
      name,
      'data-dir': join(folder, name),
      'listen-client-urls': `http://127.0.0.1:${port}`,
      'advertise-client-urls': `http://127.0.0.1:${port}`,
      'listen-peer-urls': `http://127.0.0.1:${peers}`,
      'initial-advertise-peer-urls': `http://127.0.0.1:${peers}`,
      'initial-cluster': cluster,
    }
    let child: ChildProcess | undefined
    return {
      port,
      start: () => {
        const words = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value])
        child = spawn(program, words, { stdio: 'ignore' })
        endWithUs(child, 'SIGKILL')
      },
      kill: async () => {
        if (child !== undefined) await endProcess(child, 'SIGKILL')
      },
      isLeader: () => isLeader(port),
    }
  })
  for (const member of members) {
    member.start()
    owned.defer(() => member.kill())
  }
  for (const { port } of members) {
    for (let tries = 0; !(await isOk(`http://127.0.0.1:${port}/health`)); tries++) {
      if (tries > 100) throw new Error('etcd does not answer')
      await pause(200)
    }
  }
  const parts = owned.move()
  return { members, [Symbol.asyncDispose]: () => parts.disposeAsync() }
}

async function isLeader(port: number): Promise<boolean> {
  const url = `http://127.0.0.1:${port}/v3/maintenance/status`
  const answer = await fetch(url, { method: 'POST', body: '{}', signal: AbortSignal.timeout(2_000) })
  const { header, leader } = (await answer.json()) as {
    readonly header?: { readonly member_id?: string }
    readonly leader?: string
  }
  return leader !== undefined && leader === header?.member_id
}

/**
 * What the most of them have under a key, with its revision; `nobody` where there is nothing.
 *
 * @returns undefined where none of them answers
 */
export async function valueOf(members: readonly EtcdMember[], key: string): Promise<string | undefined> {
  const body = JSON.stringify({ key: Buffer.from(key).toString('base64') })
  for (const { port } of members) {
    const url = `http://127.0.0.1:${port}/v3/kv/range`
    try {
      const answer = await fetch(url, { method: 'POST', body, signal: AbortSignal.timeout(2_000) })
      const { kvs } = (await answer.json()) as {
        readonly kvs?: readonly { readonly value: string; readonly mod_revision: string }[]
      }
      const [found] = kvs ?? []
      if (!answer.ok) continue
      return found === undefined
        ? 'nobody'
        : `${Buffer.from(found.value, 'base64').toString()} (revision ${found.mod_revision})`
    } catch {
      // The next one, then.
    }
  }
  return undefined
}
