import { createInput, rebuildRoom, RecordCache } from '@roomserver/core'
import type { CheckContext, RoomCheck, Storage } from '@roomserver/storage'
import { isFailure, type Logger, serverOf, systemClock } from '@roomserver/types'
import type { Config } from '../config/config.ts'

const CACHE_BYTES = 64 * 1024 * 1024

/** Rebuilds derived data of rooms in which a check found damage. */
export interface DerivedRepair extends AsyncDisposable {
  /** Repairs a room and tells of each thing; in a dry run it only tells. */
  room(check: Pick<RoomCheck, 'room' | 'findings'>): AsyncGenerator<string, void, void>
}

/** @param isDryRun - nothing is written */
export function derivedRepair(
  storage: Storage,
  { serverName }: Pick<Config, 'serverName'>,
  context: CheckContext,
  log: Logger,
  isDryRun: boolean,
): DerivedRepair {
  const parts: Parts = { storage, serverName, context, log, isDryRun }
  return {
    room: (check) => repairRoom(parts, check),
    [Symbol.asyncDispose]: async () => undefined,
  }
}

interface Parts {
  readonly storage: Storage
  readonly serverName: string
  readonly context: CheckContext
  readonly log: Logger
  readonly isDryRun: boolean
}

/** Rows first, as states and verdicts follow from what they say; then states, verdicts, extremities; then members. */
async function* repairRoom(
  parts: Parts,
  { room, findings }: Pick<RoomCheck, 'room' | 'findings'>,
): AsyncGenerator<string, void, void> {
  const { storage, context, isDryRun } = parts
  try {
    if (isDryRun) yield* findings.filter(({ rebuild }) => rebuild !== undefined).map(({ what }) => what)
    else
      yield* (await storage.rebuildRows(room.nid, context)) ?? [
        'nothing yet: the room changed meanwhile; run the command again',
      ]
    if (findings.some(({ kind }) => kind === 'state') && !isDryRun)
      await storage.rebuildState(room.nid, context)
    const [rebuilt] = await storage.roomsByNid([room.nid])
    if (rebuilt !== undefined) yield* repairDerived(parts, rebuilt)
    // States derived from lost ones can be checked now.
    if (!isDryRun) yield* (await storage.rebuildRows(room.nid, context)) ?? []
  } catch (error) {
    if (!isFailure(error)) throw error
    yield `cannot be rebuilt: ${error.message}`
  }
  yield* repairMembers(parts, room, findings)
}

async function* repairDerived(
  { storage, serverName, log, isDryRun }: Parts,
  room: RoomCheck['room'],
): AsyncGenerator<string, void, void> {
  // Rows were changed beneath whatever was read before.
  const cache = new RecordCache(storage, CACHE_BYTES)
  const input = createInput({ store: storage, cache, clock: systemClock, log, serverName })
  const order = { by: 'roomserver check --repair', isDryRun }
  try {
    yield* rebuildRoom({ store: storage, eventsOfRoom: storage.eventsOfRoom, input }, room, order)
  } finally {
    await input.close()
  }
}

async function* repairMembers(
  { storage, serverName, context, isDryRun }: Parts,
  room: RoomCheck['room'],
  findings: RoomCheck['findings'],
): AsyncGenerator<string, void, void> {
  const isMembership = findings.some(({ kind }) => kind === 'membership')
  if (isMembership && isDryRun) yield 'the table of memberships, from the current state'
  if (!isMembership || isDryRun) return
  const isLocal = context.isLocal ?? ((user) => serverOf(user) === serverName)
  const count = await storage.repairMemberships(room.nid, isLocal)
  if (count === undefined) yield 'memberships not repaired: the room changed meanwhile; run the command again'
  else yield `${count} memberships, from the current state`
}
