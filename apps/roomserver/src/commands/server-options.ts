import { openStorage } from '@roomserver/storage'
import { isFailure, parseServerName } from '@roomserver/types'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { storageOptions } from '../compose/storage-options.ts'
import type { Config } from '../config/config.ts'
import { embeddedConfig, refuseWithoutStore } from '../config/embedded.ts'
import { loadConfig } from '../config/load.ts'

/** Options that say which server a command is about; every command has them. */
export interface ServerOptions {
  readonly config?: string
  readonly data: string
  /** Left out: `localhost`, or the name that an existing store keeps where the command only looks after it. */
  readonly serverName?: string
  readonly listen?: { readonly host: string; readonly port: number }
  /** Nothing is written to disk. */
  readonly memory?: true
}

const EMBEDDED_NAME = 'localhost'

const EMBEDDED_ADDRESS = { host: '127.0.0.1', port: 7770 }

/** Adds the options to a command. What only the embedded form knows cannot be combined with a configuration file. */
export function withServerOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '-c, --config <file>',
        'a dendrite.yaml; without one, all data is kept in a folder',
      ).conflicts(['data', 'serverName', 'listen']),
    )
    .option('-d, --data <folder>', 'without --config: the folder for database and signing key', './data')
    .option('-n, --server-name <name>', 'without --config: the name of the homeserver (default: localhost)')
}

/** Adds the option of a command that listens. */
export function withListenOption(command: Command): Command {
  return command.addOption(
    new Option('-l, --listen <host:port>', 'without --config: the address to listen on')
      .argParser(parseHostPort)
      .default(EMBEDDED_ADDRESS, '127.0.0.1:7770'),
  )
}

/** The configuration that the options stand for. @throws {RoomserverError} BAD_CONFIGURATION */
export function configOf(options: ServerOptions): Config {
  const { config, data, memory, serverName = EMBEDDED_NAME, listen = EMBEDDED_ADDRESS } = options
  if (config === undefined) {
    const dataFolder = memory === true ? undefined : data
    return embeddedConfig({ dataFolder, serverName, ...listen }, process.env)
  }
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

function parseHostPort(text: string): { host: string; port: number } {
  const match = /^(?:(\[[0-9a-fA-F:.]+\]|[^:[\]]*):)?(\d{1,5})$/.exec(text)
  const port = Number(match?.[2])
  if (match === null || port > 65_535)
    throw new InvalidArgumentError('Expected host:port, such as 127.0.0.1:7770.')
  const host = (match[1] ?? '').replace(/^\[|\]$/g, '')
  return { host: host === '' ? EMBEDDED_ADDRESS.host : host, port }
}
