import { openStorage, type RoomCheck, type Storage } from '@roomserver/storage'
import { serverOf } from '@roomserver/types'
import { Command } from 'commander'
import { CONTENT_HASHES } from '../compose/scrubber.ts'
import type { Config, DatabaseConfig } from '../config/config.ts'
import { createLog } from '../log.ts'
import { configOf, type ServerOptions, withServerOptions } from './server-options.ts'

interface CheckOptions extends ServerOptions {
  readonly repair?: true
}

/** `roomserver check` */
export function checkCommand(): Command {
  return withServerOptions(new Command('check'))
    .option('--repair', 'take memberships over from the current state where the two disagree')
    .description('verify what is stored, also while a server uses it')
    .action(check)
}

async function check(options: CheckOptions): Promise<void> {
  const config = configOf(options)
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
    if (options.repair === true) repaired += await repairMemberships(storage, config, found)
  }
  if (options.repair === true) process.stdout.write(`${repaired} memberships repaired\n`)
  process.stdout.write(`${rooms} rooms checked, ${findings} findings\n`)
  if (findings > repaired) process.exitCode = 1
}

/** Without the lock of a server, which may be at work. */
function storageOptions(database: DatabaseConfig): Parameters<typeof openStorage>[0] {
  if (database.kind === 'sqlite') return { dialect: 'sqlite', file: database.file, mustExist: true }
  return { dialect: 'postgres', connectionString: database.url, maxConnections: 1 }
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
