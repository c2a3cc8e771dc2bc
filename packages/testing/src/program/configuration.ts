import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Where the server under test keeps its rooms and announces its outputs. */
export interface TargetOptions {
  readonly serverName: string
  /** `file:…` or `postgresql://…`; a fresh SQLite file when left out. */
  readonly database?: string
  /** JetStream to announce to, one server or several with commas between; the embedded log when left out. */
  readonly natsUrl?: string | undefined
  /** How many servers keep the stream of outputs; as without a configuration when left out. */
  readonly replicas?: number | undefined
  /** How many outputs the embedded log keeps; as many as without a configuration when left out. */
  readonly keptOutputs?: number | undefined
  /** The component that answers calls to other servers; none when left out. */
  readonly federationUrl?: string
  /** What the cache may take, such as `64mb`; as much as without a configuration when left out. */
  readonly cacheBytes?: string | undefined
  /** How long requests are still answered after SIGTERM; not at all when left out. */
  readonly drainTime?: string
  /** Whether `/metrics` is served. */
  readonly hasMetrics?: boolean
  /** Whether stored rooms are checked in the background, as they are when left out. */
  readonly scrubs?: boolean
  /** Whether the web page for operators is served; it is not when left out. */
  readonly servesPage?: boolean
  /** Whether the server practises before it listens, as it does unless told otherwise; tests save the time. */
  readonly warmsUp?: boolean
}

/** Writes a configuration file and a signing key into a folder, and tells where the file is. */
export async function writeConfiguration(
  options: TargetOptions,
  folder: string,
  port: number,
): Promise<string> {
  const file = join(folder, 'dendrite.yaml')
  await writeFile(file, configurationOf(options, folder, port))
  await writeFile(join(folder, 'key.pem'), KEY_PEM)
  return file
}

/** The key of RFC 8032's first test; recorded rooms are not signed with it, and need not be. */
const KEY_PEM = `-----BEGIN MATRIX PRIVATE KEY-----
Key-ID: ed25519:replay

nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=
-----END MATRIX PRIVATE KEY-----
`

function configurationOf(options: TargetOptions, folder: string, port: number): string {
  const { serverName, natsUrl, federationUrl, cacheBytes } = options
  const database = options.database ?? `file:${join(folder, 'rooms.db')}`
  return [
    'version: 2',
    'global:',
    `  server_name: ${serverName}`,
    `  private_key: ${join(folder, 'key.pem')}`,
    ...(cacheBytes === undefined ? [] : ['  cache:', `    max_size_estimated: ${cacheBytes}`]),
    ...(options.hasMetrics === true ? ['  metrics:', '    enabled: true'] : []),
    ...(natsUrl === undefined
      ? []
      : [
          '  jetstream:',
          `    addresses: ['${natsUrl.split(',').join("', '")}']`,
          '    topic_prefix: Dendrite',
        ]),
    'room_server:',
    '  internal_api:',
    `    listen: http://127.0.0.1:${port}`,
    `    connect: http://127.0.0.1:${port}`,
    '  database:',
    `    connection_string: ${database}`,
    'roomserver:',
    `  warm_up: ${options.warmsUp === true ? '3s' : '0s'}`,
    ...(options.scrubs === false ? ['  scrubber:', '    enabled: false'] : []),
    ...(options.servesPage === true ? ['  inspection:', '    page: true'] : []),
    ...(options.drainTime === undefined ? [] : [`  drain_time: ${options.drainTime}`]),
    '  output:',
    `    keep_count: ${options.keptOutputs ?? 1_000_000}`,
    ...(options.replicas === undefined ? [] : [`    replicas: ${options.replicas}`]),
    ...(federationUrl === undefined
      ? []
      : ['federation_api:', '  internal_api:', `    connect: ${federationUrl}`]),
    '',
  ].join('\n')
}
