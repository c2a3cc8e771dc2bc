import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Components } from './components.ts'
import type { ProcessGroup } from './process-group.ts'
import { startRecorder } from '../record/recorder.ts'
import { type Link, startClientProxy, startLink } from './proxies.ts'

/** What a homeserver is started with. */
export interface HomeserverOptions {
  readonly name: string
  /** Its ports are this number followed by two digits, so two homeservers differ in it by one. */
  readonly portPrefix: number
  readonly folder: string
  readonly components: Components
  /** Connection string of the database of a component. */
  readonly database: (component: string) => string
  readonly natsUrl: string
  /** A command run in place of the reference's room server, with the path of the configuration as last argument. */
  readonly roomserver?: readonly string[]
  /** A file that takes everything the room server is given and says. */
  readonly recording?: string
}

/** A homeserver in polylith form that runs. */
export interface Homeserver {
  readonly clientUrl: string
  readonly serverName: string
  readonly link: Link
  readonly configFile: string
}

/** The homeservers of a drive: two that federate, or more where a story needs them. */
export type Homeservers = readonly [Homeserver, Homeserver, ...(readonly Homeserver[])]

const COMPONENTS = [
  'appservice',
  'keyserver',
  'userapi',
  'federationapi',
  'syncapi',
  'mediaapi',
  'clientapi',
] as const

/** Starts every component of a homeserver, the room server first, and the proxies in front of them. */
export async function startHomeserver(
  options: HomeserverOptions,
  processes: ProcessGroup,
  owned: AsyncDisposableStack,
): Promise<Homeserver> {
  const port = (suffix: number) => options.portPrefix * 100 + suffix
  await mkdir(options.folder, { recursive: true })
  const key = join(options.folder, 'matrix_key.pem')
  await promisify(execFile)(options.components.generateKeys, ['--private-key', key])
  const configFile = join(options.folder, 'dendrite.yaml')
  const isRecorded = options.recording !== undefined
  const othersFile = isRecorded ? join(options.folder, 'recorded.yaml') : configFile
  await writeFile(othersFile, configuration(options, key, port, isRecorded ? { 70: 90 } : {}))
  await writeFile(configFile, configuration(options, key, port, isRecorded ? { 72: 92 } : {}))
  const reference = (component: string, config = othersFile) =>
    processes.start(
      `${options.name}-${component}`,
      options.components.polylith,
      componentArguments(config, component),
    )
  const [command, ...args] = options.roomserver ?? []
  if (command === undefined) reference('roomserver', configFile)
  else processes.start(`${options.name}-roomserver`, command, [...args, configFile])
  await processes.waitForPort(port(70), `${options.name}-roomserver`)
  if (options.recording !== undefined) {
    owned.use(
      await startRecorder({
        file: options.recording,
        roomserver: { listen: port(90), to: `http://127.0.0.1:${port(70)}` },
        federation: { listen: port(92), to: `http://127.0.0.1:${port(72)}` },
        natsUrl: options.natsUrl,
        topicPrefix: options.name,
      }),
    )
  }
  for (const component of COMPONENTS) reference(component)
  const link = owned.use(await startLink(port(88), port(62), options.folder))
  const ports = { listen: port(80), client: port(61), sync: port(63), media: port(64), admin: port(71) }
  owned.use(await startClientProxy(ports))
  for (const [suffix, component] of [
    [77, 'appservice'],
    [79, 'keyserver'],
    [81, 'userapi'],
    [62, 'federationapi'],
    [63, 'syncapi'],
    [64, 'mediaapi'],
    [61, 'clientapi'],
  ] as const) {
    await processes.waitForPort(port(suffix), `${options.name}-${component}`)
  }
  return { clientUrl: `http://127.0.0.1:${port(80)}`, serverName: `localhost:${port(88)}`, link, configFile }
}

/** What a component of the reference is started with. */
export function componentArguments(configFile: string, component: string): readonly string[] {
  return ['--config', configFile, '-really-enable-open-registration', component]
}

/** @param through - ports of components that are called through another port */
function configuration(
  options: HomeserverOptions,
  key: string,
  port: (suffix: number) => number,
  through: Readonly<Record<number, number>>,
): string {
  const internal = (suffix: number) =>
    `internal_api: { listen: "http://127.0.0.1:${port(suffix)}", connect: "http://127.0.0.1:${port(through[suffix] ?? suffix)}" }`
  const external = (suffix: number) => `external_api: { listen: "http://127.0.0.1:${port(suffix)}" }`
  const database = (component: string) =>
    `{ connection_string: "${options.database(component)}", max_open_conns: 30, max_idle_conns: 5, conn_max_lifetime: -1 }`
  return `version: 2
global:
  server_name: localhost:${port(88)}
  private_key: ${key}
  key_validity_period: 168h0m0s
  cache: { max_size_estimated: 128mb, max_age: 1h }
  disable_federation: false
  presence: { enable_inbound: false, enable_outbound: false }
  report_stats: { enabled: false }
  server_notices: { enabled: false }
  jetstream: { addresses: ["${options.natsUrl}"], storage_path: "${options.folder}", topic_prefix: ${options.name} }
  metrics: { enabled: false }
  dns_cache: { enabled: false }
app_service_api: { ${internal(77)}, database: ${database('appservice')}, disable_tls_validation: true, config_files: [] }
client_api:
  ${internal(71)}
  ${external(61)}
  registration_disabled: false
  guests_disabled: true
  registration_shared_secret: "interop"
  enable_registration_captcha: false
  turn: { turn_user_lifetime: "5m", turn_uris: [] }
  rate_limiting: { enabled: false, threshold: 1000, cooloff_ms: 1 }
federation_api: { ${internal(72)}, ${external(62)}, database: ${database('federationapi')}, send_max_retries: 16, disable_tls_validation: true, key_perspectives: [], prefer_direct_fetch: true }
key_server: { ${internal(79)}, database: ${database('keyserver')} }
media_api: { ${internal(74)}, ${external(64)}, database: ${database('mediaapi')}, base_path: "${join(options.folder, 'media')}", max_file_size_bytes: 10485760, dynamic_thumbnails: false, max_thumbnail_generators: 2, thumbnail_sizes: [] }
mscs: { mscs: [], database: ${database('mscs')} }
room_server: { ${internal(70)}, database: ${database('roomserver')} }
sync_api: { ${internal(73)}, ${external(63)}, database: ${database('syncapi')} }
user_api: { ${internal(81)}, account_database: ${database('userapi')}, bcrypt_cost: 4 }
tracing: { enabled: false }
logging: [{ type: std, level: warn }]
`
}
