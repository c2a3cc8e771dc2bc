import { setTimeout as wait } from 'node:timers/promises'
import { type InputRun, sendWhile } from './input.ts'
import { largeRoomId } from './large-room.ts'
import { SERVER_NAME, type ServedRoom } from './served-room.ts'

/** How far a purge is. */
export interface PurgeProgress {
  readonly step: string
  readonly events: number
  readonly removed_events: number
  readonly deleted_events: number
}

interface PurgesAnswer {
  readonly purges: readonly PurgeProgress[]
}

/** How long a purge may take. */
const PATIENCE_MS = 1_800_000

/** Has the history before an event purged, or says what would be. */
export async function purgeBefore(
  { administrate }: ServedRoom,
  before_event: string,
  dry_run: boolean,
): Promise<{ readonly events: number; readonly kept_events: number; readonly bytes: number }> {
  const room_id = largeRoomId(SERVER_NAME)
  const request = { room_id, before_event, older_than_ms: 0, requester: 'bench', dry_run }
  return (await administrate('purgeHistory', request)) as Awaited<ReturnType<typeof purgeBefore>>
}

/** How far the purge of the room is. */
export async function purgeProgress({ administrate }: ServedRoom): Promise<PurgeProgress> {
  const { purges } = (await administrate('historyPurges', { cursor: '', limit: 0 })) as PurgesAnswer
  const [purge] = purges
  if (purge === undefined) throw new Error('no history is being purged')
  return purge
}

/** Waits until a purge has come so far. */
export async function untilPurged(
  server: ServedRoom,
  isSoFar: (progress: PurgeProgress) => boolean,
): Promise<void> {
  const end = performance.now() + PATIENCE_MS
  while (!isSoFar(await purgeProgress(server))) {
    if (performance.now() > end) throw new Error('the purge does not come further')
    await wait(250)
  }
}

/** Sends messages while something goes on. */
export async function sendDuring(server: ServedRoom, work: () => Promise<void>): Promise<InputRun> {
  let isOver = false
  const working = work().finally(() => {
    isOver = true
  })
  const [run] = await Promise.all([sendWhile(server, () => !isOver), working])
  return run
}

/** Sends messages until a purge has come so far, and then kills the server without a warning. */
export async function killDuring(
  server: ServedRoom,
  isSoFar: (progress: PurgeProgress) => boolean,
): Promise<void> {
  let isOver = false
  const sending = sendWhile(server, () => !isOver).catch((error: unknown) => {
    if (!isOver) throw error
  })
  await untilPurged(server, isSoFar)
  isOver = true
  server.kill()
  await sending
}
