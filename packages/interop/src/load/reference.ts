import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort } from '@roomserver/testing'
import type { ReferencePrograms } from '../interop/reference-programs.ts'
import { ProcessGroup } from '../interop/process-group.ts'
import { componentArguments, referenceConfiguration } from '../interop/reference-configuration.ts'

/** The reference's room server, alone. */
export interface ReferenceServer extends AsyncDisposable {
  readonly url: string
  readonly pid: number
}

/** How the configuration numbers the addresses of these components. */
const ROOMSERVER = 70
const FEDERATION = 72

/**
 * Starts the reference's room server on a database and a nats-server of its own.
 *
 * @param federationUrl - the federation component; no other is there
 */
export async function startReference(
  programs: ReferencePrograms,
  database: string,
  natsUrl: string,
  federationUrl?: string,
): Promise<ReferenceServer> {
  const owned = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'roomserver-reference-'))
  owned.defer(() => rm(folder, { recursive: true, force: true }))
  const first = await freePort()
  const port = (suffix: number) => first + suffix - ROOMSERVER
  const key = join(folder, 'key.pem')
  const config = join(folder, 'dendrite.yaml')
  await promisify(execFile)(programs.generateKeys, ['--private-key', key])
  const setup = {
    serverName: 'test.example',
    key,
    folder,
    natsUrl,
    topicPrefix: 'Load',
    connections: 'max_open_conns: 90, max_idle_conns: 10',
    logLevel: 'error',
    database: () => `${database}?sslmode=disable`,
    port,
    ...(federationUrl !== undefined && { through: { [FEDERATION]: federationUrl } }),
  } as const
  await writeFile(config, referenceConfiguration(setup))
  const processes = owned.use(new ProcessGroup(folder))
  const child = processes.start('reference', programs.polylith, componentArguments(config, 'roomserver'))
  try {
    await processes.waitForPort(first, 'reference')
  } catch (error) {
    await owned.disposeAsync()
    throw error
  }
  return {
    url: `http://127.0.0.1:${first}`,
    pid: child.pid ?? 0,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
