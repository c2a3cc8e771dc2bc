import { existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { newSigningKey, readOrCreateSigningKey, readSigningKey, type SigningSeed } from '@roomserver/engine'
import { isLoopbackHost } from '@roomserver/inthttp'
import { isServerName, RoomserverError } from '@roomserver/types'
import { type Config, deepFreeze } from './config.ts'
import { type OwnSettings, ownSection } from './own-section.ts'
import { tracingSettings } from '../tracing/tracing-settings.ts'
import type { Environment } from '../environment.ts'
import { readSecrets } from './secrets.ts'

/** What can be said on the command line about a server without a configuration file. */
export interface EmbeddedOptions {
  /** Folder of the store and the signing key; made when it is missing. Undefined: nothing is kept. */
  readonly dataFolder: string | undefined
  readonly serverName: string
  readonly host: string
  readonly port: number
  /** Refuses a folder without a store, and makes nothing there. */
  readonly mustExist?: boolean
}

/** The embedded form: everything in one folder, nothing to configure. @throws {RoomserverError} BAD_CONFIGURATION */
export function embeddedConfig(options: EmbeddedOptions, environment: Environment): Config {
  const { serverName, host, port } = options
  if (!isServerName(serverName)) {
    const expected = 'a server name such as example.org or localhost:8448'
    throw new RoomserverError(
      'BAD_CONFIGURATION',
      { key: '--server-name', expected },
      `--server-name: expected ${expected}`,
    )
  }
  const secrets = readSecrets(environment)
  const own = ownSection.parse({})
  const inspection = { ...own.inspection, page: isLoopbackHost(host) }
  // Who tries it out wants to see it up, and takes the place of no Dendrite.
  const settings: OwnSettings = { ...own, warm_up: 0, compatibility: 'current', inspection }
  return deepFreeze<Config>({
    source: 'defaults',
    serverName,
    ...placeFor(options, secrets.signingKey),
    oldKeys: [],
    output: { kind: 'embedded' },
    listen: { kind: 'tcp', host, port },
    hosts: [],
    components: {},
    cacheBytes: 128 * 1024 * 1024,
    metrics: { enabled: true },
    logLevel: 'info',
    unusedLogs: [],
    tracing: tracingSettings(environment),
    settings: { ...settings, ...(secrets.token !== undefined && { token: secrets.token }) },
  })
}

/** Where data lies, and the key that lies there unless one is given. */
function placeFor(
  { dataFolder, mustExist = false }: EmbeddedOptions,
  givenKey: SigningSeed | undefined,
): Pick<Config, 'signingKey' | 'keyFile' | 'database'> {
  if (dataFolder === undefined) {
    const database = { kind: 'sqlite', file: ':memory:' } as const
    return { signingKey: givenKey ?? newSigningKey(), keyFile: undefined, database }
  }
  const folder = resolve(dataFolder)
  const database = { kind: 'sqlite', file: join(folder, 'roomserver.db') } as const
  const ownFile = join(folder, 'signing-key.pem')
  const keyFile = givenKey === undefined ? ownFile : undefined
  if (!mustExist) {
    makeFolder(folder)
    if (givenKey === undefined) refuseWithoutKey(ownFile, database.file)
    return { signingKey: givenKey ?? readOrCreateSigningKey(ownFile), keyFile, database }
  }
  refuseWithoutStore(database.file)
  const ownKey = (): SigningSeed => (existsSync(ownFile) ? readSigningKey(ownFile) : newSigningKey())
  return { signingKey: givenKey ?? ownKey(), keyFile, database }
}

function makeFolder(folder: string): void {
  try {
    makeFolders(folder)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new RoomserverError(
      'BAD_CONFIGURATION',
      { key: '--data', expected: 'a folder, or a path where one can be made' },
      `--data: expected a folder, or a path where one can be made: ${reason}`,
      { cause },
    )
  }
}

/** Node's own way never ends where the file system says that a folder does not exist which was to be made, as `/proc` does. */
function makeFolders(folder: string): void {
  if (isFolder(folder)) return
  makeFolders(dirname(folder))
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (cause) {
    // Another process may have made it meanwhile.
    if (!isFolder(folder)) throw cause
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

/** A store without its key: a new key is never made silently, since other servers know the rooms by events of the old one. */
function refuseWithoutKey(keyFile: string, storeFile: string): void {
  if (existsSync(keyFile) || !existsSync(storeFile)) return
  const expected = `the key that the events in ${storeFile} were signed with`
  throw new RoomserverError(
    'BAD_CONFIGURATION',
    { key: keyFile, expected },
    `signing key ${keyFile}: expected ${expected}; put the file back from a backup, or, if the key is lost, make a new one with: roomserver key create ${keyFile}`,
  )
}

/** @throws {RoomserverError} STORE_UNAVAILABLE when there is no file */
export function refuseWithoutStore(file: string): void {
  if (existsSync(file)) return
  const reason = `no store at ${file} (set --data or --config)`
  throw new RoomserverError('STORE_UNAVAILABLE', { reason }, reason)
}
