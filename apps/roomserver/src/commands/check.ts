import { openStorage, type RoomCheck } from '@roomserver/storage'
import { Command } from 'commander'
import { CONTENT_HASHES } from '../compose/scrubber.ts'
import type { DatabaseConfig } from '../config/config.ts'
import { createLog } from '../log.ts'
import { configOf, type ServerOptions, withServerOptions } from './server-options.ts'

/** `roomserver check` */
export function checkCommand(): Command {
  return withServerOptions(new Command('check'))
    .description('verify what is stored, also while a server uses it')
    .action(check)
}

async function check(options: ServerOptions): Promise<void> {
  await using storage = await openStorage(storageOptions(configOf(options).database), {
    logger: createLog('warn', process.stderr),
  })
  let rooms = 0
  let findings = 0
  for await (const found of storage.check(CONTENT_HASHES)) {
    rooms++
    findings += found.findings.length
    process.stdout.write(textOf(found))
  }
  process.stdout.write(`${rooms} rooms checked, ${findings} findings\n`)
  if (findings > 0) process.exitCode = 1
}

/** Without the lock of a server: nothing is written. */
function storageOptions(database: DatabaseConfig): Parameters<typeof openStorage>[0] {
  if (database.kind === 'sqlite') return { dialect: 'sqlite', file: database.file }
  return { dialect: 'postgres', connectionString: database.url, maxConnections: 1 }
}

function textOf({ room, findings, isSettled }: RoomCheck): string {
  const doubt = isSettled ? '' : '  (the room moved on meanwhile, so this may be nothing)\n'
  const lines = findings.map(
    ({ what, means, repair }) => `  ${what}\n    means: ${means}\n    repair: ${repair}\n`,
  )
  return findings.length === 0 ? '' : `${room.roomId}\n${doubt}${lines.join('')}`
}
