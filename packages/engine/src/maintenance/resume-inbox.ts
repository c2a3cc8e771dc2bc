import type { RoomInput } from '@roomserver/core'
import type { Logger, UpkeepStore } from '@roomserver/types'

/** How often to look for queued input that a process which is gone has left behind. */
const TAKE_OVER_MS = 5_000

/** How long leases of processes that are gone are remembered. */
const FORGET_MS = 3_600_000

/**
 * Takes queued input of an earlier process up, which goes first in its rooms however long it takes, while requests are
 * answered; then now and then what other processes leave behind.
 */
export function resumeInbox(
  input: Pick<RoomInput, 'resume' | 'takeOver'>,
  storage: Pick<UpkeepStore, 'dropExpiredLeases'>,
  log: Logger,
): Disposable {
  const warn = (error: unknown): void => log.warn({ err: error }, 'could not resume queued input; will retry')
  input.resume().catch(warn)
  storage.dropExpiredLeases(FORGET_MS).catch(warn)
  const timer = setInterval(() => void input.takeOver().catch(warn), TAKE_OVER_MS)
  return { [Symbol.dispose]: () => clearInterval(timer) }
}
