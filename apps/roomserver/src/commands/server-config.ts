import { openStorage } from '@roomserver/storage'
import { isFailure, parseServerName } from '@roomserver/types'
import { storageOptions } from '../compose/storage-options.ts'
import type { Config } from '../config/config.ts'
import { embeddedConfig, refuseWithoutStore } from '../config/embedded.ts'
import { EMBEDDED_ADDRESS, type ServerOptions } from './server-options.ts'

const EMBEDDED_NAME = 'localhost'

/** The configuration that the options stand for. @throws {RoomserverError} BAD_CONFIGURATION */
export async function configOf(options: ServerOptions): Promise<Config> {
  const { config, data, memory, serverName = EMBEDDED_NAME, listen = EMBEDDED_ADDRESS } = options
  if (config === undefined) {
    const dataFolder = memory === true ? undefined : data
    return embeddedConfig({ dataFolder, serverName, ...listen }, process.env)
  }
  const { loadConfig } = await import('../config/load.ts')
  const configured = loadConfig(config, process.env)
  return memory === true ? { ...configured, database: { kind: 'sqlite', file: ':memory:' } } : configured
}

/**
 * The configuration of a server that is there already; makes nothing.
 *
 * @throws {RoomserverError} BAD_CONFIGURATION; STORE_UNAVAILABLE when there is no store
 */
export async function existingConfigOf({ config, data, serverName }: ServerOptions): Promise<Config> {
  if (config === undefined) {
    const place = { dataFolder: data, serverName: serverName ?? EMBEDDED_NAME, ...EMBEDDED_ADDRESS }
    const embedded = embeddedConfig({ ...place, mustExist: true }, process.env)
    const stored = serverName === undefined ? await storedName(embedded) : undefined
    return stored === undefined ? embedded : { ...embedded, serverName: parseServerName(stored) }
  }
  const { loadConfig } = await import('../config/load.ts')
  const configured = loadConfig(config, process.env)
  if (configured.database.kind === 'sqlite') refuseWithoutStore(configured.database.file)
  return configured
}

/** The name that a store keeps; undefined where it cannot be read, which whoever opens it next explains. */
async function storedName({ database }: Config): Promise<string | undefined> {
  try {
    await using storage = await openStorage({ ...storageOptions(database), migrate: false })
    return await storage.serverName()
  } catch (error) {
    if (isFailure(error)) return undefined
    throw error
  }
}
