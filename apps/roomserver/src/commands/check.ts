import { recheckRoom } from '@roomserver/core'
import { openStorage, type RoomCheck, type Storage } from '@roomserver/storage'
import { type RoomRecord, serverOf } from '@roomserver/types'
import { Command } from 'commander'
import { CONTENT_HASHES } from '../compose/scrubber.ts'
import { storageOptions } from '../compose/storage-options.ts'
import type { Config } from '../config/config.ts'
import { createLog } from '../log.ts'
import { existingConfigOf, type ServerOptions, withServerOptions } from './server-options.ts'

interface CheckOptions extends ServerOptions {
  readonly recompute?: true
  readonly repair?: true
}

/** `roomserver check` */
export function checkCommand(): Command {
  return withServerOptions(new Command('check'))
    .option('--recompute', 'decide every event anew and compare, which takes long')
    .option('--repair', 'take memberships over from the current state where the two disagree')
    .description('verify what is stored, also while a server uses it')
    .action(check)
}

async function check(options: CheckOptions): Promise<void> {
  const config = existingConfigOf(options)
  await using storage = await openStorage(storageOptions(config.database), {
    logger: createLog('warn', process.stderr),
  })
  let rooms = 0
  let findings = 0
  let repaired = 0
  for await (const found of storage.check(CONTENT_HASHES)) {
    rooms++
    findings += found.findings.length
    process.stdout.write(textOf(found))
    if (options.recompute === true) findings += await recompute(storage, found.room)
    if (options.repair === true) repaired += await repairMemberships(storage, config, found)
  }
  if (options.repair === true) process.stdout.write(`${repaired} memberships repaired\n`)
  process.stdout.write(`${rooms} rooms checked, ${findings} findings\n`)
  if (findings > repaired) process.exitCode = 1
}

/** How often a room is decided anew that moves on meanwhile. */
const ATTEMPTS = 3

/** Decides a room anew; what is found while it moves on may be due to that. */
async function recompute(storage: Storage, { nid, roomId }: RoomRecord): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    const [room] = await storage.roomsByNid([nid])
    if (room === undefined) return 0
    const wrong: string[] = []
    for await (const what of recheckRoom({ store: storage, ...storage }, room)) wrong.push(what)
    const [after] = await storage.roomsByNid([nid])
    if (wrong.length > 0 && after?.revision !== room.revision && attempt < ATTEMPTS) continue
    if (wrong.length > 0) process.stdout.write(`${roomId}\n${wrong.map((what) => `  ${what}\n`).join('')}`)
    return wrong.length
  }
}

async function repairMemberships(
  storage: Storage,
  { serverName }: Config,
  { room, findings }: RoomCheck,
): Promise<number> {
  if (!findings.some(({ kind }) => kind === 'membership')) return 0
  return (await storage.repairMemberships(room.nid, (user) => serverOf(user) === serverName)) ?? 0
}

function textOf({ room, findings, isSettled }: RoomCheck): string {
  const doubt = isSettled ? '' : '  (the room moved on meanwhile, so this may be nothing)\n'
  const lines = findings.map(
    ({ what, means, repair }) => `  ${what}\n    means: ${means}\n    repair: ${repair}\n`,
  )
  return findings.length === 0 ? '' : `${room.roomId}\n${doubt}${lines.join('')}`
}
