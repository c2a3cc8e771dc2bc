import { setTimeout as pause } from 'node:timers/promises'
import type { ServerProcess } from '../server-process.ts'

/** Watches for how long nobody can write. */
export interface ServiceWatch {
  begin(): void
  end(): void
  /** The longest time between two writes that succeeded. */
  readonly longestMs: number
}

const EVERY_MS = 100
/** A caller gives up so soon and asks another process. */
const CALLER_MS = 2_000

/** Writes all the time, by one process after the other, as callers behind a load balancer do. */
export function watchService(servers: readonly ServerProcess[]): ServiceWatch {
  let isOver = false
  let longestMs = 0
  let last = 0
  const write = async (url: string): Promise<boolean> => {
    const body = JSON.stringify({ RoomID: '!watched:a', Visibility: 'public' })
    const signal = AbortSignal.timeout(CALLER_MS)
    const answer = await fetch(`${url}/api/roomserver/performPublish`, {
      method: 'POST',
      body,
      signal,
    }).catch(() => undefined)
    await answer?.arrayBuffer().catch(() => undefined)
    return answer?.ok === true
  }
  const lane = async (own: number): Promise<void> => {
    for (let turn = own; !isOver; turn++) {
      const begun = performance.now()
      if (await write(servers[turn % servers.length]?.url ?? '')) {
        longestMs = Math.max(longestMs, begun - last)
        last = Math.max(last, performance.now())
      }
      await pause(EVERY_MS)
    }
  }
  return {
    begin: () => {
      last = performance.now()
      for (const own of servers.keys()) void lane(own)
    },
    end: () => {
      isOver = true
      longestMs = Math.max(longestMs, performance.now() - last)
    },
    get longestMs() {
      return longestMs
    },
  }
}
