import { auditRoom } from '@roomserver/core'
import type { CheckContext, LooseRows, RoomCheck, Storage } from '@roomserver/storage'
import { isFailure, type Logger, type RoomRecord } from '@roomserver/types'
import type { Config } from '../config/config.ts'
import { checkContext } from './check-context.ts'
import { type DerivedRepair, derivedRepair } from './repair-derived.ts'

/** What a check is to do beside looking. */
export interface CheckWishes {
  readonly recompute?: true
  readonly repair?: true
  readonly dryRun?: true
}

/** How many things were found, and how many of them are left. */
export interface Tally {
  readonly found: number
  readonly left: number
}

/** What a check works with. */
interface Parts {
  readonly storage: Storage
  readonly context: CheckContext
  readonly repair: DerivedRepair
  readonly wishes: CheckWishes
  /** Takes one or more lines. */
  readonly report: (lines: string) => void
}

/**
 * Checks a whole store, and repairs it where that is wished: first what everything else is read by (indexes, counters,
 * strings, lists, rows of rooms), then room after room.
 */
export async function checkStore(
  storage: Storage,
  config: Pick<Config, 'serverName'>,
  log: Logger,
  wishes: CheckWishes,
  report: Parts['report'],
): Promise<Tally & { readonly rooms: number }> {
  const context = await checkContext(storage, config.serverName, report)
  await using repair = derivedRepair(storage, config, context, log, wishes.dryRun === true)
  const parts: Parts = { storage, context, repair, wishes, report }
  const tallies = [
    await checkIndexes(parts),
    await checkCounters(parts),
    await checkLists(parts),
    await checkLostRooms(parts),
  ]
  if (wishes.repair === true) await putStringsBack(parts)
  tallies.push(await checkLooseRows(parts))
  let rooms = 0
  for await (const found of storage.check(context)) {
    rooms++
    tallies.push(await checkFound(parts, found))
  }
  const sum = (of: (tally: Tally) => number) => tallies.reduce((total, tally) => total + of(tally), 0)
  return { rooms, found: sum(({ found }) => found), left: sum(({ left }) => left) }
}

function isRepairing({ wishes: { repair, dryRun } }: Parts): boolean {
  return repair === true && dryRun !== true
}

/** Tells what is done, or would be. */
function reportRepaired(parts: Parts, what: string): void {
  parts.report(`    ${isRepairing(parts) ? 'repaired' : 'to repair'}: ${what}`)
}

async function checkIndexes(parts: Parts): Promise<Tally> {
  const { storage, report } = parts
  const findings = await storage.checkIndexes()
  for (const { what, index } of findings) {
    report(what)
    report('    means: lookups by this index miss rows or return wrong ones')
    report(
      index === undefined
        ? '    repair: restore a backup'
        : '    repair: `roomserver check --repair` rebuilds the index; stop every server first',
    )
  }
  if (!isRepairing(parts) || findings.length === 0) return { found: findings.length, left: findings.length }
  for (const failure of await storage.repairIndexes(findings)) report(`    left: ${failure}`)
  return { found: findings.length, left: (await storage.checkIndexes()).length }
}

async function checkCounters(parts: Parts): Promise<Tally> {
  const { storage, report } = parts
  const findings = await storage.checkCounters()
  for (const { kind, next, needed } of findings) {
    const counter = kind === 'outputs' || kind === 'inbox' ? `positions in the table ${kind}` : `${kind} NIDs`
    report(`the counter of ${counter} is at ${next}, but numbers up to ${needed - 1} are in use`)
    report('    means: new rows cannot be stored, because they get a number that is in use')
    report(`    repair: \`roomserver check --repair\` sets it to ${needed}; stop every server first`)
  }
  if (isRepairing(parts)) await storage.repairCounters(findings)
  return { found: findings.length, left: isRepairing(parts) ? 0 : findings.length }
}

async function checkLists(parts: Parts): Promise<Tally> {
  const { storage, report } = parts
  const lists = []
  for await (const list of storage.unreadable()) {
    lists.push(list)
    report(list.what)
    report('    means: the rest of that row cannot be read')
    report('    repair: `roomserver check --repair` rebuilds it from the events; stop every server first')
  }
  if (isRepairing(parts)) await storage.rebuildUnreadable(lists)
  return { found: lists.length, left: isRepairing(parts) ? 0 : lists.length }
}

async function checkLostRooms(parts: Parts): Promise<Tally> {
  const { storage, report } = parts
  const lost = await storage.lostRooms()
  let left = lost.length
  for (const room of lost) {
    const { roomId, events, first } = room
    report(
      `${events} events of ${roomId ?? 'a room'} (${first} is the first) belong to a room that is not stored`,
    )
    report(
      '    means: the room is unknown to this server, and cannot be joined again while its events are stored',
    )
    report(
      '    repair: `roomserver check --repair` rebuilds it from its events; if its create event is lost, restore a backup',
    )
    if (!isRepairing(parts)) continue
    const { isRestored, what } = await storage.restoreRoom(room)
    if (isRestored) left--
    if (isRestored) reportRepaired(parts, what)
    else report(`    left: ${what}`)
    const restored = roomId === undefined ? undefined : await storage.room(roomId)
    if (restored === undefined) continue
    for await (const done of parts.repair.room({ room: restored, findings: [] })) reportRepaired(parts, done)
  }
  return { found: lost.length, left }
}

async function putStringsBack(parts: Parts): Promise<void> {
  for (const what of await parts.storage.rebuildStrings(!isRepairing(parts))) {
    parts.report(`${what} is missing or renamed`)
    reportRepaired(parts, what)
  }
}

async function checkLooseRows(parts: Parts): Promise<Tally> {
  const { storage, report } = parts
  const findings = await storage.looseRows()
  for (const { what, means, repair } of findings)
    report(`${what}\n    means: ${means}\n    repair: ${repair}`)
  const repairable = findings.filter(({ rebuild }) => rebuild.length > 0)
  if (!isRepairing(parts) || repairable.length === 0) return { found: findings.length, left: findings.length }
  await storage.removeLooseRows(repairable)
  const after = await storage.looseRows()
  for (const { what } of repairable) if (!has(after, what)) reportRepaired(parts, what)
  for (const { what } of after) report(`    left: ${what}`)
  return { found: findings.length, left: after.length }
}

const has = (findings: readonly LooseRows[], what: string) => findings.some((one) => one.what === what)

/** Tells of a room's findings, and repairs what can be. */
async function checkFound(parts: Parts, check: RoomCheck): Promise<Tally> {
  const { storage, context, repair, wishes, report } = parts
  const text = textOf(check)
  if (text !== '') report(text)
  const wrong = wishes.recompute === true ? await recompute(storage, check.room) : []
  if (wrong.length > 0) report([check.room.roomId, ...wrong.map((what) => `  ${what}`)].join('\n'))
  const found = check.findings.length + wrong.length
  if (found === 0 || wishes.repair !== true) return { found, left: found }
  for await (const what of repair.room(check)) reportRepaired(parts, what)
  if (!isRepairing(parts)) return { found, left: found }
  try {
    const after = await storage.checkRoom(check.room.nid, context)
    const stillWrong = wishes.recompute === true ? await recompute(storage, after.room) : []
    for (const { what } of after.findings) report(`    left: ${what}`)
    for (const what of stillWrong) report(`    left: ${what}`)
    return { found, left: after.findings.length + stillWrong.length }
  } catch (error) {
    if (isFailure(error, 'ROOM_NOT_FOUND')) return { found, left: 0 }
    if (!isFailure(error, 'STORE_DAMAGED')) throw error
    report(`    left: the room cannot be checked: ${error.message}`)
    return { found, left: found }
  }
}

/** How often to re-evaluate a room that changes meanwhile. */
const ATTEMPTS = 3

/** Re-evaluates a room; findings during changes of the room may be due to those. */
async function recompute(storage: Storage, { nid }: RoomRecord): Promise<readonly string[]> {
  try {
    for (let attempt = 1; ; attempt++) {
      const [room] = await storage.roomsByNid([nid])
      if (room === undefined) return []
      const wrong: string[] = []
      for await (const what of auditRoom({ store: storage, ...storage }, room)) wrong.push(what)
      const [after] = await storage.roomsByNid([nid])
      if (wrong.length === 0 || after?.revision === room.revision || attempt >= ATTEMPTS) return wrong
    }
  } catch (error) {
    if (!isFailure(error, 'STORE_DAMAGED')) throw error
    return [`the room cannot be re-evaluated: ${error.message}`]
  }
}

function textOf({ room, findings, isSettled }: RoomCheck): string {
  const doubt = isSettled ? [] : ['  (the room changed during the check, so this may be a false finding)']
  const lines = findings.map(
    ({ what, means, repair }) => `  ${what}\n    means: ${means}\n    repair: ${repair}`,
  )
  return findings.length === 0 ? '' : [room.roomId, ...doubt, ...lines].join('\n')
}
