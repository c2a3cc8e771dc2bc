import { setTimeout as wait } from 'node:timers/promises'

/** The lease of the process that delivers outputs to JetStream. */
export const RELAY_LEASE = 'output relay'

/** The lease of the only process on a database whose outputs stay there. */
export const LOG_LEASE = 'embedded output log'

/** How long a process that was killed keeps either of them. */
export const OUTPUT_LEASE_MS = 5_000

const LOOK_MS = 20

/**
 * Waits as long as a process that was killed keeps a lease.
 *
 * @returns whether it came true meanwhile
 */
export async function comesTrue(isSo: () => boolean | Promise<boolean>): Promise<boolean> {
  const until = performance.now() + OUTPUT_LEASE_MS + 1_000
  while (!(await isSo())) {
    if (performance.now() >= until) return false
    await wait(LOOK_MS)
  }
  return true
}
