import { openStorage } from '@roomserver/storage'
import { RoomserverError } from '@roomserver/types'
import { Command } from 'commander'
import { createLog } from '../log.ts'
import { existingConfigOf } from './server-config.ts'
import { path, type ServerOptions, withServerOptions } from './server-options.ts'

/** `roomserver backup` */
export function backupCommand(): Command {
  return withServerOptions(new Command('backup'))
    .argument('<file>', 'path of the copy; must not exist', path)
    .description('back up an embedded store; a server may be using it')
    .action(backup)
}

async function backup(file: string, options: ServerOptions): Promise<void> {
  const { database } = await existingConfigOf(options)
  if (database.kind === 'postgres') {
    const expected = 'an embedded store; use pg_dump or another backup tool of PostgreSQL'
    throw new RoomserverError('BAD_REQUEST', { path: 'backup', expected }, `backup: expected ${expected}`)
  }
  await using storage = await openStorage(
    { dialect: 'sqlite', file: database.file, mustExist: true, migrate: false },
    { logger: createLog('warn', process.stderr) },
  )
  await storage.backup(file)
  process.stdout.write(`backed up ${database.file} to ${file}\n`)
}
