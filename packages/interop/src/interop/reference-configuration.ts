import { join } from 'node:path'

/** How components of the reference find each other and what they stand on. */
export interface ReferenceSetup {
  readonly serverName: string
  /** Path of the signing key. */
  readonly key: string
  /** Where components put files. */
  readonly folder: string
  readonly natsUrl: string
  readonly topicPrefix: string
  /** Connections of a component to its database, as settings of the configuration. */
  readonly connections: string
  readonly logLevel: 'warn' | 'error'
  /** Connection string of the database of a component. */
  readonly database: (component: string) => string
  /** Port of this machine for an address of a component; they are numbered as Dendrite numbers its ports. */
  readonly port: (suffix: number) => number
  /** Where a component is called that is not called at its own port. */
  readonly through?: Readonly<Record<number, string>>
}

/** The configuration of the reference, which checks the whole of it, also of components that are not there. */
export function referenceConfiguration(setup: ReferenceSetup): string {
  const { folder, port, through = {} } = setup
  const address = (suffix: number) => `http://127.0.0.1:${port(suffix)}`
  const internal = (suffix: number) =>
    `internal_api: { listen: "${address(suffix)}", connect: "${through[suffix] ?? address(suffix)}" }`
  const external = (suffix: number) => `external_api: { listen: "${address(suffix)}" }`
  const database = (component: string) =>
    `{ connection_string: "${setup.database(component)}", ${setup.connections}, conn_max_lifetime: -1 }`
  return `version: 2
global:
  server_name: ${setup.serverName}
  private_key: ${setup.key}
  key_validity_period: 168h0m0s
  cache: { max_size_estimated: 128mb, max_age: 1h }
  disable_federation: false
  presence: { enable_inbound: false, enable_outbound: false }
  report_stats: { enabled: false }
  server_notices: { enabled: false }
  jetstream: { addresses: ["${setup.natsUrl}"], storage_path: "${folder}", topic_prefix: ${setup.topicPrefix} }
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
media_api: { ${internal(74)}, ${external(64)}, database: ${database('mediaapi')}, base_path: "${join(folder, 'media')}", max_file_size_bytes: 10485760, dynamic_thumbnails: false, max_thumbnail_generators: 2, thumbnail_sizes: [] }
mscs: { mscs: [], database: ${database('mscs')} }
room_server: { ${internal(70)}, database: ${database('roomserver')} }
sync_api: { ${internal(73)}, ${external(63)}, database: ${database('syncapi')} }
user_api: { ${internal(81)}, account_database: ${database('userapi')}, bcrypt_cost: 4 }
tracing: { enabled: false }
logging: [{ type: std, level: ${setup.logLevel} }]
`
}

/** What a component of the reference is started with. */
export function componentArguments(configFile: string, component: string): readonly string[] {
  return ['--config', configFile, '-really-enable-open-registration', component]
}
