import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { ReferencePrograms } from './reference-programs.ts'
import type { ProcessGroup } from './process-group.ts'
import { startRecorder } from '../record/recorder.ts'
import { type Link, startClientProxy, startLink } from './proxies.ts'
import { componentArguments, referenceConfiguration } from './reference-configuration.ts'

/** What a homeserver is started with. */
export interface HomeserverOptions {
  readonly name: string
  /** Its ports are this number followed by two digits, so two homeservers differ in it by one. */
  readonly portPrefix: number
  readonly folder: string
  readonly programs: ReferencePrograms
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
  await promisify(execFile)(options.programs.generateKeys, ['--private-key', key])
  const configFile = join(options.folder, 'dendrite.yaml')
  const isRecorded = options.recording !== undefined
  const othersFile = isRecorded ? join(options.folder, 'recorded.yaml') : configFile
  const setup = {
    ...options,
    serverName: `localhost:${port(88)}`,
    key,
    topicPrefix: options.name,
    connections: 'max_open_conns: 30, max_idle_conns: 5',
    logLevel: 'warn' as const,
    port,
  }
  /** Components that are called through a recorder. */
  const through = (suffix: number, recorder: number) =>
    isRecorded ? { [suffix]: `http://127.0.0.1:${port(recorder)}` } : {}
  await writeFile(othersFile, referenceConfiguration({ ...setup, through: through(70, 90) }))
  await writeFile(configFile, referenceConfiguration({ ...setup, through: through(72, 92) }))
  const reference = (component: string, config = othersFile) =>
    processes.start(
      `${options.name}-${component}`,
      options.programs.polylith,
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
  return { clientUrl: `http://127.0.0.1:${port(80)}`, serverName: setup.serverName, link, configFile }
}
