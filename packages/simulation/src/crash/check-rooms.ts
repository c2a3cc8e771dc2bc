import { setTimeout as pause } from 'node:timers/promises'
import type { Pdu } from '@roomserver/events'
import { blockHash, snapshotHash } from '@roomserver/state'
import { parseMessageId } from '@roomserver/producers'
import type { Storage } from '@roomserver/storage'
import { checkEvents, missingEvents, storedHistory } from './check-events.ts'
import { checkOutputs, type NumberedOutput } from '../oracle/check-outputs.ts'
import type { OutputLog } from './output-log.ts'
import { storedStates } from './stored-states.ts'

/** How long nothing may come of what was queued and of outputs that wait. */
const PATIENCE_MS = 60_000
const LOOK_EVERY_MS = 30
const INBOX_PAGE = 1_000

/** What rooms are checked by: the store, which is read behind the server's back, and what a consumer got. */
export interface Evidence {
  readonly storage: Storage
  readonly log: OutputLog
  /** Whether the log is the embedded one. */
  readonly isEmbedded: boolean
  /** How many outputs had been taken before anything was sent to the rooms. */
  readonly from: number
  /**
   * Whether the database was put back to an older copy: the consumer then knows outputs that the rooms do not have any more,
   * in whose place others came.
   */
  readonly isPutBack?: boolean
}

/** Checks rooms all of whose events were acknowledged. Returns what is wrong. */
export async function checkRooms(
  evidence: Evidence,
  histories: readonly (readonly Pdu[])[],
): Promise<readonly string[]> {
  const { storage } = evidence
  if ((await stillMissing(async () => (await storage.inbox(0, INBOX_PAGE)).length)) > 0) {
    return ['queued input is not taken up']
  }
  const rooms = await Promise.all(histories.map(([first]) => storage.room(first?.roomId ?? '')))
  const lasts = new Map(rooms.flatMap((room) => (room === undefined ? [] : [[room.roomId, room.outputSeq]])))
  const total = [...lasts.values()].reduce((sum, last) => sum + last, 0)
  const waiting = async () => (evidence.isEmbedded ? 0 : await storage.countWaitingOutputs(total + 1))
  const taken = async () => [...(await outputsOf(evidence, lasts)).values()].flat().length
  const missing = await stillMissing(
    async () => (await waiting()) + lacking(lasts, await outputsOf(evidence, lasts)),
  )
  const outputs = await outputsOf(evidence, lasts)
  const problems: string[] = []
  if (missing > 0) {
    problems.push(
      `for ${PATIENCE_MS / 1000} s no output came: the consumer has ${await taken()} of ${total}, ${await waiting()} wait to be published (${await evidence.log.position().catch(String)})`,
    )
  }
  for (const history of histories) {
    problems.push(...(await missingEvents(storage, history)))
    const stored = await storedHistory(storage, history)
    if (stored === undefined) continue
    problems.push(...(await checkEvents(storage, history, stored)))
    const { current, roomId } = stored.room
    const states = await storedStates(storage, [current])
    const room = {
      room: stored.room,
      events: [...stored.events.values()],
      current: states.get(current) ?? [],
    }
    problems.push(...checkOutputs(room, outputs.get(roomId) ?? []))
  }
  return problems
}

/** Runs the store's own check over everything in it. */
export async function checkStore(storage: Storage): Promise<readonly string[]> {
  const problems: string[] = []
  for await (const { findings } of storage.check({ blockHash, snapshotHash })) {
    problems.push(...findings.map(({ roomId, what }) => `${roomId}: ${what}`))
  }
  return problems
}

/** Outputs by room, in the order in which they came, repeats left out. */
async function outputsOf(
  { storage, log, isEmbedded, from, isPutBack }: Evidence,
  lasts: ReadonlyMap<string, number>,
): Promise<ReadonlyMap<string, readonly NumberedOutput[]>> {
  const positions = isEmbedded ? await numbers(storage, Number(log.taken[from - 1]?.id ?? 0)) : undefined
  const byRoom = new Map<string, NumberedOutput[]>()
  const seen = new Set<string>()
  for (const { id, payload } of log.taken.slice(from)) {
    const message = positions === undefined ? id : (positions.get(id) ?? id)
    const { roomId = '', seq = 0, epoch = '', fingerprint = '' } = parseMessageId(message) ?? {}
    const last = lasts.get(roomId)
    const output = `${roomId}/${epoch}-${fingerprint}/${seq}`
    if (last === undefined || seen.has(output)) continue
    seen.add(output)
    const list = byRoom.get(roomId) ?? []
    byRoom.set(roomId, list)
    if (isPutBack !== true || seq <= last) list.push({ seq, payload })
  }
  if (isPutBack !== true) return byRoom
  // What came last under a number is what the room has under it now.
  return new Map([...byRoom].map(([roomId, list]) => [roomId, list.filter(isLatestOfItsNumber)]))
}

function isLatestOfItsNumber(
  { seq }: NumberedOutput,
  index: number,
  list: readonly NumberedOutput[],
): boolean {
  return list.findLastIndex((other) => other.seq === seq) === index
}

/** Position in the embedded log → `<room_id>/<seq>`. */
async function numbers(storage: Storage, after: number): Promise<ReadonlyMap<string, string>> {
  const rows = await storage.outputs(after, 1_000_000)
  return new Map(rows.map(({ position, roomId, seq }) => [String(position), `${roomId}/${seq}`]))
}

/** How many outputs rooms lack. One that a room had under its last number before it was put back is not its last. */
function lacking(
  lasts: ReadonlyMap<string, number>,
  outputs: ReadonlyMap<string, readonly NumberedOutput[]>,
): number {
  const ofRooms = [...lasts].map(([roomId, last]) => {
    const list = outputs.get(roomId) ?? []
    const isEnd = (list.at(-1)?.seq ?? 0) === last
    return Math.max(isEnd ? 0 : 1, last - list.length)
  })
  return ofRooms.reduce((sum, each) => sum + each, 0)
}

/** Waits until nothing is missing, for as long as less and less is. Returns how much is missing then. */
async function stillMissing(count: () => Promise<number>): Promise<number> {
  let least = await count()
  let end = Date.now() + PATIENCE_MS
  while (least > 0 && Date.now() < end) {
    await pause(LOOK_EVERY_MS)
    const missing = await count()
    if (missing < least) end = Date.now() + PATIENCE_MS
    least = Math.min(least, missing)
  }
  return least
}
