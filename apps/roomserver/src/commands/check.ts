import { recheckRoom } from '@roomserver/core'
import { openStorage, type RoomCheck, type Storage } from '@roomserver/storage'
import type { RoomRecord } from '@roomserver/types'
import { Command } from 'commander'
import { CONTENT_HASHES } from '../compose/scrubber.ts'
import { storageOptions } from '../compose/storage-options.ts'
import { createLog } from '../log.ts'
import { type DerivedRepair, derivedRepair } from '../repair/repair-derived.ts'
import { existingConfigOf, type ServerOptions, withServerOptions } from './server-options.ts'

interface CheckOptions extends ServerOptions {
  readonly recompute?: true
  readonly repair?: true
  readonly dryRun?: true
}

/** How many things were found, and how many of them are left. */
interface Tally {
  readonly found: number
  readonly left: number
}

/** `roomserver check` */
export function checkCommand(): Command {
  return withServerOptions(new Command('check'))
    .option('--recompute', 'decide every event anew and compare, which takes long')
    .option('--repair', 'make anew what follows from the events, in rooms where something is found')
    .option('--dry-run', 'with --repair: only tell what it would do')
    .description('verify what is stored, also while a server uses it')
    .action(check)
}

async function check(options: CheckOptions): Promise<void> {
  const config = existingConfigOf(options)
  const log = createLog('warn', process.stderr)
  await using storage = await openStorage(storageOptions(config.database), { logger: log })
  await using repair = derivedRepair(storage, config, log, options.dryRun === true)
  const tallies = [await checkIndexes(storage, options), await checkCounters(storage, options)]
  tallies.push(await checkLostRooms(storage))
  let rooms = 0
  for await (const found of storage.check(CONTENT_HASHES)) {
    rooms++
    tallies.push(await checkFound(storage, found, repair, options))
  }
  const sum = (of: (tally: Tally) => number) => tallies.reduce((total, tally) => total + of(tally), 0)
  const left = sum((tally) => tally.left)
  const end = isRepairing(options) ? `, ${left} left` : ''
  say(`${rooms} rooms checked, ${sum(({ found }) => found)} findings${end}`)
  if (left > 0) process.exitCode = 1
}

/** Tells of a room's findings, and repairs what can be. */
async function checkFound(
  storage: Storage,
  check: RoomCheck,
  repair: DerivedRepair,
  options: CheckOptions,
): Promise<Tally> {
  process.stdout.write(textOf(check))
  const wrong = options.recompute === true ? await recompute(storage, check.room) : []
  if (wrong.length > 0) say([check.room.roomId, ...wrong.map((what) => `  ${what}`)].join('\n'))
  const found = check.findings.length + wrong.length
  if (found === 0 || options.repair !== true) return { found, left: found }
  for await (const what of repair.room(check))
    say(`    ${isRepairing(options) ? 'repaired' : 'to repair'}: ${what}`)
  if (!isRepairing(options)) return { found, left: found }
  const after = await storage.checkRoom(check.room.nid, CONTENT_HASHES)
  const stillWrong = options.recompute === true ? await recompute(storage, after.room) : []
  for (const { what } of after.findings) say(`    left: ${what}`)
  for (const what of stillWrong) say(`    left: ${what}`)
  return { found, left: after.findings.length + stillWrong.length }
}

async function checkIndexes(storage: Storage, options: CheckOptions): Promise<Tally> {
  const findings = await storage.checkIndexes()
  for (const { what, index } of findings) {
    say(what)
    say('    means: what is in the store is not found, or found wrongly')
    say(
      index === undefined
        ? '    repair: restore a backup'
        : '    repair: `roomserver check --repair` makes the index anew; stop every server first',
    )
  }
  if (!isRepairing(options) || findings.length === 0) return { found: findings.length, left: findings.length }
  for (const failure of await storage.repairIndexes(findings)) say(`    left: ${failure}`)
  return { found: findings.length, left: (await storage.checkIndexes()).length }
}

async function checkLostRooms(storage: Storage): Promise<Tally> {
  const lost = await storage.lostRooms()
  for (const { roomId, events, first } of lost) {
    say(`${events} events of ${roomId ?? 'a room'} (${first} is the first) belong to no room that is stored`)
    say('    means: the room is not known here, and cannot be joined again while its events are')
    say('    repair: restore a backup, or `roomserver replay` the room’s events into a new store')
  }
  return { found: lost.length, left: lost.length }
}

async function checkCounters(storage: Storage, options: CheckOptions): Promise<Tally> {
  const findings = await storage.checkCounters()
  for (const { kind, next, needed } of findings) {
    say(`the counter of ${kind} NIDs stands at ${next}, and NIDs up to ${needed - 1} are in use`)
    say('    means: what is new cannot be stored, as it gets a number that something else has')
    say(`    repair: \`roomserver check --repair\` moves it to ${needed}; stop every server first`)
  }
  if (isRepairing(options)) await storage.repairCounters(findings)
  return { found: findings.length, left: isRepairing(options) ? 0 : findings.length }
}

function isRepairing({ repair, dryRun }: CheckOptions): boolean {
  return repair === true && dryRun !== true
}

/** How often a room is decided anew that moves on meanwhile. */
const ATTEMPTS = 3

/** Decides a room anew; what is found while it moves on may be due to that. */
async function recompute(storage: Storage, { nid }: RoomRecord): Promise<readonly string[]> {
  for (let attempt = 1; ; attempt++) {
    const [room] = await storage.roomsByNid([nid])
    if (room === undefined) return []
    const wrong: string[] = []
    for await (const what of recheckRoom({ store: storage, ...storage }, room)) wrong.push(what)
    const [after] = await storage.roomsByNid([nid])
    if (wrong.length === 0 || after?.revision === room.revision || attempt >= ATTEMPTS) return wrong
  }
}

function textOf({ room, findings, isSettled }: RoomCheck): string {
  const doubt = isSettled ? '' : '  (the room moved on meanwhile, so this may be nothing)\n'
  const lines = findings.map(
    ({ what, means, repair }) => `  ${what}\n    means: ${means}\n    repair: ${repair}\n`,
  )
  return findings.length === 0 ? '' : `${room.roomId}\n${doubt}${lines.join('')}`
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
