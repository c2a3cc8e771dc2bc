import type { RelayStatus } from '@roomserver/producers'
import type { Outputs } from './outputs/outputs.ts'

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
  outputs: Pick<Outputs, 'status' | 'isDelivered'>,
  now: () => number,
): Promise<Readiness> {
  const database = await answersInTime(async () => {
    await askDatabase()
    return 'ok'
  })
  const isAnswered = database === 'ok'
  const status = outputs.status?.()
  return {
    ready: isAnswered && status?.isOpened !== false,
    checks: { database, outputs: status ? outputsText(status, now()) : await placeOf(outputs, isAnswered) },
  }
}

/** Where outputs go that this process does not deliver. */
async function placeOf(
  { status, isDelivered }: Pick<Outputs, 'status' | 'isDelivered'>,
  canAsk: boolean,
): Promise<string> {
  if (status === undefined) return 'kept in the database'
  if (!canAsk || isDelivered === undefined) return 'not delivered by this process'
  return await answersInTime(async () =>
    (await isDelivered())
      ? 'delivered by the leader, another process'
      : 'not delivered: no process leads at the moment',
  )
}

/** What the database is asked, or why it does not say. */
async function answersInTime(ask: () => Promise<string>): Promise<string> {
  const late = Promise.withResolvers<string>()
  const timer = setTimeout(() => late.resolve(`no answer in ${DATABASE_MS} ms`), DATABASE_MS)
  try {
    return await Promise.race([late.promise, ask()])
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
  const reason = lastFailure === undefined ? '' : `: ${lastFailure}`
  const parts = [isConnected ? 'connected' : `message server unavailable${reason}`]
  if (behindSinceMs !== undefined) parts.push(`waiting for ${Math.round((nowMs - behindSinceMs) / 1_000)} s`)
  if (setAside.length > 0) parts.push(`quarantined rooms: ${setAside.length}`)
  return parts.join(', ')
}
