import { openStorage, type Storage } from '@roomserver/storage'
import type { Logger } from '@roomserver/types'
import type { DatabaseConfig } from '../config/config.ts'
import { lockFile } from './lock-file.ts'

/** Opens the configured database. A SQLite file is locked: it is for one process. */
export async function openStore(config: DatabaseConfig, log: Logger): Promise<Storage> {
  if (config.kind === 'postgres') {
    const { url: connectionString, maxConnections } = config
    return openStorage({ dialect: 'postgres', connectionString, maxConnections }, { logger: log })
  }
  if (config.file === ':memory:')
    return openStorage({ dialect: 'sqlite', file: config.file }, { logger: log })
  const lock = lockFile(`${config.file}.lock`)
  try {
    const storage = await openStorage({ dialect: 'sqlite', file: config.file }, { logger: log })
    const close = storage[Symbol.asyncDispose]
    return {
      ...storage,
      [Symbol.asyncDispose]: async () => {
        await close()
        lock[Symbol.dispose]()
      },
    }
  } catch (error) {
    lock[Symbol.dispose]()
    throw error
  }
}
