import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from '@roomserver/testing'
import type { Components } from '../interop/components.ts'
import { ProcessGroup } from '../interop/process-group.ts'

/** The reference's room server, alone. */
export interface ReferenceServer extends AsyncDisposable {
  readonly url: string
  readonly pid: number
}

/**
 * Starts the reference's room server on a database and a nats-server of its own.
 *
 * @param federationUrl - the federation component; no other is there
 */
export async function startReference(
  components: Components,
  database: string,
  natsUrl: string,
  federationUrl?: string,
): Promise<ReferenceServer> {
  const owned = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'roomserver-reference-'))
  owned.defer(() => rm(folder, { recursive: true, force: true }))
  const port = await freePort()
  const key = join(folder, 'key.pem')
  await promisify(execFile)(components.generateKeys, ['--private-key', key])
  await writeFile(
    join(folder, 'dendrite.yaml'),
    configuration(folder, port, database, natsUrl, federationUrl),
  )
  const processes = owned.use(new ProcessGroup(folder))
  const child = processes.start('reference', components.polylith, [
    '--config',
    join(folder, 'dendrite.yaml'),
    'roomserver',
  ])
  try {
    await processes.waitForPort(port, 'reference')
  } catch (error) {
    await owned.disposeAsync()
    throw error
  }
  return {
    url: `http://127.0.0.1:${port}`,
    pid: child.pid ?? 0,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** The reference checks the whole configuration, also of components that are not there. */
function configuration(
  folder: string,
  port: number,
  database: string,
  natsUrl: string,
  federationUrl?: string,
): string {
  const store = `{ connection_string: "${database}?sslmode=disable", max_open_conns: 90, max_idle_conns: 10, conn_max_lifetime: -1 }`
  const local = (offset: number) => `http://127.0.0.1:${port + offset}`
  const api = (offset: number, connect = local(offset)) =>
    `internal_api: { listen: "${local(offset)}", connect: "${connect}" }`
  const external = (offset: number) => `external_api: { listen: "http://127.0.0.1:${port + offset}" }`
  return `version: 2
global:
  server_name: test.example
  private_key: ${folder}/key.pem
  cache: { max_size_estimated: 128mb, max_age: 1h }
  jetstream: { addresses: ["${natsUrl}"], storage_path: "${folder}", topic_prefix: Load }
  metrics: { enabled: false }
  dns_cache: { enabled: false }
app_service_api: { ${api(1)}, database: ${store}, config_files: [] }
client_api: { ${api(2)}, ${external(3)}, registration_disabled: true, guests_disabled: true, registration_shared_secret: "", enable_registration_captcha: false, turn: { turn_user_lifetime: "5m", turn_uris: [] }, rate_limiting: { enabled: false, threshold: 1000, cooloff_ms: 1 } }
federation_api: { ${api(4, federationUrl)}, ${external(5)}, database: ${store}, send_max_retries: 16, key_perspectives: [] }
key_server: { ${api(6)}, database: ${store} }
media_api: { ${api(7)}, ${external(8)}, database: ${store}, base_path: "${folder}", max_file_size_bytes: 10485760, dynamic_thumbnails: false, max_thumbnail_generators: 2, thumbnail_sizes: [] }
mscs: { mscs: [], database: ${store} }
room_server: { ${api(0)}, database: ${store} }
sync_api: { ${api(9)}, ${external(10)}, database: ${store} }
user_api: { ${api(11)}, account_database: ${store}, bcrypt_cost: 4 }
tracing: { enabled: false }
logging: [{ type: std, level: error }]
`
}
