import { setTimeout as pause } from 'node:timers/promises'
import type { PatroniCluster } from './patroni-cluster.ts'
import { serverState } from './server-state.ts'
import { stamp } from './stamp.ts'

/** What a cluster was, second by second: which server wrote which timeline, who had the lock, and where connections led. */
export interface ClusterReport {
  /** Ends it. */
  end(): Promise<void>
  /** What changed, and what Patroni said about it, in order. */
  readonly lines: readonly string[]
}

const EVERY_MS = 1_000

/** Begins to watch a cluster. */
export function watchCluster(cluster: PatroniCluster): ClusterReport {
  const from = stamp()
  const seen: string[] = []
  let isOver = false
  const watch = async (): Promise<void> => {
    for (let last = ''; !isOver; await pause(EVERY_MS)) {
      const at = stamp()
      const now = await stateOf(cluster)
      if (now !== last) seen.push(`${at} ${now}`)
      last = now
    }
  }
  const watching = watch()
  return {
    end: async () => {
      isOver = true
      await watching
    },
    get lines() {
      const said = cluster.nodes.flatMap(({ log }) => log.filter((line) => line >= from))
      return [...seen, ...said].toSorted()
    },
  }
}

async function stateOf(cluster: PatroniCluster): Promise<string> {
  const { nodes } = cluster
  const [states, led, holder] = await Promise.all([
    Promise.all(nodes.map(({ port }) => serverState(port, 2_000))),
    cluster.leads().catch(() => undefined),
    cluster.lockHolder(),
  ])
  const servers = nodes.map(({ name }, index) => {
    const state = states[index]
    if (state === undefined) return `${name} does not answer`
    return `${name} ${state.isStandby ? 'standby' : 'primary'} on timeline ${state.timeline ?? 'unknown'}`
  })
  const processes = led?.processes.map((names, index) => `${index + 1} at ${names.join('+') || 'none'}`)
  return [
    servers.join(', '),
    `lock: ${holder ?? 'unknown'}`,
    `HAProxy: ${led?.up.join('+') || 'none'}`,
    `processes: ${processes?.join(', ') ?? 'unknown'}`,
  ].join('; ')
}
