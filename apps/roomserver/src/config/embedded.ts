import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { isServerName, RoomserverError } from '@roomserver/types'
import { type Config, deepFreeze } from './config.ts'
import { ownSection } from './own-section.ts'
import { tracingSettings } from '../tracing/tracing-settings.ts'
import { type Environment, readSecrets } from './secrets.ts'
import { newSigningKey, readOrCreateSigningKey, type SigningKey } from './signing-key.ts'

/** What can be said on the command line about a server without a configuration file. */
export interface EmbeddedOptions {
  /** Folder of the store and the signing key; made when it is missing. Undefined: nothing is kept. */
  readonly dataFolder: string | undefined
  readonly serverName: string
  readonly host: string
  readonly port: number
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
  const settings = ownSection.parse({})
  return deepFreeze<Config>({
    source: 'defaults',
    serverName,
    ...placeFor(options.dataFolder, secrets.signingKey),
    oldKeys: [],
    output: { kind: 'embedded' },
    listen: { kind: 'tcp', host, port },
    components: {},
    cacheBytes: 128 * 1024 * 1024,
    metrics: { enabled: true },
    logLevel: 'info',
    tracing: tracingSettings(environment),
    settings: { ...settings, ...(secrets.token !== undefined && { token: secrets.token }) },
  })
}

/** Where data lies, and the key that lies there unless one is given. */
function placeFor(
  dataFolder: string | undefined,
  givenKey: SigningKey | undefined,
): Pick<Config, 'signingKey' | 'database'> {
  if (dataFolder === undefined) {
    return { signingKey: givenKey ?? newSigningKey(), database: { kind: 'sqlite', file: ':memory:' } }
  }
  const folder = resolve(dataFolder)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return {
    signingKey: givenKey ?? readOrCreateSigningKey(join(folder, 'signing-key.pem')),
    database: { kind: 'sqlite', file: join(folder, 'roomserver.db') },
  }
}
