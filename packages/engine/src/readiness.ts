import type { RelayStatus } from '@roomserver/producers'

/** What was looked at, and whether the server can work. */
export interface Readiness {
  readonly ready: boolean
  readonly checks: Readonly<Record<string, string>>
}

/** How long the database may take to answer. */
const DATABASE_MS = 2_000

/**
 * Looks whether requests can be served: the database answers, and the stream of outputs was there once. Outputs that
 * wait for a message server are reported but do not make the server unready: what comes in is stored and delivered
 * later, and that goes for every process alike.
 */
export async function checkReadiness(
  askDatabase: () => Promise<unknown>,
  relay: (() => RelayStatus | undefined) | undefined,
  now: () => number,
): Promise<Readiness> {
  const database = await answersInTime(askDatabase)
  const status = relay?.()
  return {
    ready: database === 'ok' && status?.isOpened !== false,
    checks: { database, outputs: placeOf(relay, status, now) },
  }
}

function placeOf(
  relay: (() => RelayStatus | undefined) | undefined,
  status: RelayStatus | undefined,
  now: () => number,
): string {
  if (status !== undefined) return outputsText(status, now())
  return relay === undefined ? 'kept in the database' : 'delivered by the leader, another process'
}

async function answersInTime(ask: () => Promise<unknown>): Promise<string> {
  const late = Promise.withResolvers<string>()
  const timer = setTimeout(() => late.resolve(`no answer in ${DATABASE_MS} ms`), DATABASE_MS)
  try {
    return await Promise.race([late.promise, ask().then(() => 'ok')])
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    clearTimeout(timer)
  }
}

function outputsText(
  { isConnected, behindSinceMs, setAside, lastFailure }: RelayStatus,
  nowMs: number,
): string {
  const parts = [
    isConnected ? 'connected' : `not connected${lastFailure === undefined ? '' : `: ${lastFailure}`}`,
  ]
  if (behindSinceMs !== undefined) parts.push(`waiting for ${Math.round((nowMs - behindSinceMs) / 1_000)} s`)
  if (setAside.length > 0) parts.push(`quarantined rooms: ${setAside.length}`)
  return parts.join(', ')
}
