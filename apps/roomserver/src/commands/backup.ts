import { openStorage } from '@roomserver/storage'
import { RoomserverError } from '@roomserver/types'
import { Command } from 'commander'
import { createLog } from '../log.ts'
import { existingConfigOf, type ServerOptions, withServerOptions } from './server-options.ts'

/** `roomserver backup` */
export function backupCommand(): Command {
  return withServerOptions(new Command('backup'))
    .argument('<file>', 'where to put the copy; must not exist')
    .description('copy an embedded store, also while a server uses it')
    .action(backup)
}

async function backup(file: string, options: ServerOptions): Promise<void> {
  const { database } = existingConfigOf(options)
  if (database.kind === 'postgres') {
    const expected = 'an embedded store; PostgreSQL has pg_dump and its own backups'
    throw new RoomserverError('BAD_REQUEST', { path: 'backup', expected }, `backup: expected ${expected}`)
  }
  await using storage = await openStorage(
    { dialect: 'sqlite', file: database.file, mustExist: true, migrate: false },
    { logger: createLog('warn', process.stderr) },
  )
  await storage.backup(file)
  process.stdout.write(`${file} is a whole and consistent copy of ${database.file}\n`)
}
