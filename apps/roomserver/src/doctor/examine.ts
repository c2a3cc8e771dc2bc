import { refuseForeignStore } from '@roomserver/engine'
import { inspectOutputStream, natsPlace, type StreamState, streamFindings } from '@roomserver/producers'
import { openStorage, type Storage } from '@roomserver/storage'
import type { EventId, RoomNid, RoomRecord } from '@roomserver/types'
import { maxExtremitiesOf } from '../compose/engine-options.ts'
import { storageOptions } from '../compose/storage-options.ts'
import type { Config } from '../config/config.ts'
import { careFindings, databaseFindings } from './database-findings.ts'
import { type DoctorFinding, error, warning, when } from './finding.ts'
import { componentFindings, fileFindings, spaceFindings } from './machine-findings.ts'

/** Up to which things are counted. */
const MOST = 100_000
const PAGE = 1_000
/** Outputs that a consumer may be behind. */
const FAR_BEHIND = 10_000
/** Rooms that are named; the others are counted. */
const NAMED = 5

/**
 * Looks at everything that an operator can put right. Changes nothing.
 *
 * @param now - in ms since the epoch
 */
export async function examine(config: Config, now: number): Promise<readonly DoctorFinding[]> {
  return [
    ...fileFindings(config),
    ...spaceFindings(config),
    ...settingFindings(config),
    ...(await storeFindings(config, now)),
    ...(await outputFindings(config)),
    ...(await componentFindings(config)),
  ]
}

function settingFindings({ listen, settings, metrics }: Config): readonly DoctorFinding[] {
  const isOpen = listen.kind === 'tcp' && !/^(?:127\.|localhost$|::1$)/.test(listen.host)
  return [
    ...when(isOpen && settings.token === undefined, () =>
      warning(
        'open-api',
        `the API listens on ${listen.kind === 'tcp' ? listen.host : listen.path} without a token`,
        'whoever reaches it controls every room of the homeserver',
        'listen on a private network only, or set ROOMSERVER_TOKEN where callers can send one',
      ),
    ),
    ...when(!metrics.enabled, () =>
      warning(
        'metrics',
        'there are no metrics (global.metrics.enabled is false)',
        'nobody can be told of a server that is in trouble',
        'set global.metrics.enabled: true; deploy/prometheus has alert rules',
      ),
    ),
  ]
}

async function storeFindings(config: Config, now: number): Promise<readonly DoctorFinding[]> {
  try {
    await using storage = await openStorage({ ...storageOptions(config.database), migrate: false })
    refuseForeignStore(await storage.serverName(), config.serverName)
    return [
      ...databaseFindings(await storage.databaseFacts(), config, now),
      ...careFindings(await storage.careCounts(MOST)),
      ...when(await storage.isMoving(), () =>
        error(
          'move',
          'a move into this store is not finished',
          'the server does not start',
          "run 'roomserver move' again",
        ),
      ),
      ...(await repairFindings(storage)),
      ...(await extremityFindings(storage, config)),
    ]
  } catch (failure) {
    const what = failure instanceof Error ? failure.message : String(failure)
    return [
      error('database', what, 'the server does not start, or answers with 503', 'see the sentence itself'),
    ]
  }
}

async function repairFindings(storage: Storage): Promise<readonly DoctorFinding[]> {
  const rooms = new Map<string, number>()
  let waiting = 0
  for (let after: EventId = '' as EventId; ; ) {
    const page = await storage.repairs(after, PAGE)
    for (const { state, roomId } of page) {
      waiting++
      if (state === 'gave-up') rooms.set(roomId, (rooms.get(roomId) ?? 0) + 1)
    }
    const last = page.at(-1)
    if (last === undefined) break
    after = last.eventId
  }
  return [
    ...when(rooms.size > 0, () =>
      error(
        'repairs-given-up',
        `events were given up whose history could not be fetched, in ${named([...rooms.keys()])}`,
        'the rooms lack what follows on them',
        "'roomserver repair ROOM' tries again; --state-from-servers takes the state of other servers",
      ),
    ),
    ...when(waiting >= PAGE, () =>
      warning(
        'repairs-waiting',
        `${waiting} events wait for events before them`,
        'rooms lack their latest events meanwhile',
        "'roomserver repair' lists them, with the last failure of each",
      ),
    ),
  ]
}

async function extremityFindings(storage: Storage, { settings }: Config): Promise<readonly DoctorFinding[]> {
  const limit = maxExtremitiesOf(settings)
  const rooms: string[] = []
  for (let after = 0 as RoomNid; ; ) {
    const page: readonly RoomRecord[] = await storage.rooms(after, PAGE)
    rooms.push(...page.filter(({ extremities }) => extremities.length > limit).map(({ roomId }) => roomId))
    const last = page.at(-1)
    if (last === undefined) break
    after = last.nid
  }
  return when(rooms.length > 0, () =>
    warning(
      'forward-extremities',
      `more than ${limit} forward extremities have ${named(rooms)}`,
      'each event there costs a state resolution; the server merges them where a local user may send',
      "'roomserver repair ROOM --prune-extremities' prints which could be dropped",
    ),
  )
}

function named(rooms: readonly string[]): string {
  const more = rooms.length - NAMED
  return `${rooms.slice(0, NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

async function outputFindings({ output, settings }: Config): Promise<readonly DoctorFinding[]> {
  if (output.kind === 'embedded') return []
  try {
    const state = await inspectOutputStream(output)
    if (state === undefined)
      return [
        warning(
          'no-stream',
          'the stream of outputs does not exist yet',
          'components that consume it cannot start before the room server has',
          'start the room server, which creates it',
        ),
      ]
    return [
      ...streamFindings(state).map(({ code, what, means, remedy }) => warning(code, what, means, remedy)),
      ...consumerFindings(state),
    ]
  } catch (failure) {
    const reason = failure instanceof Error ? failure.message : String(failure)
    const waits = `events are stored, and outputs wait in the database; ${settings.output.keep_delivered_time / 3_600_000} h of delivered ones are kept`
    return [
      error(
        'nats',
        `JetStream does not answer at ${natsPlace(output.servers)}: ${reason}`,
        waits,
        'start nats-server with JetStream, or correct global.jetstream.addresses',
      ),
    ]
  }
}

function consumerFindings({ consumers, last, name }: StreamState): readonly DoctorFinding[] {
  return [
    ...when(consumers.length === 0, () =>
      warning(
        'no-consumers',
        `nobody consumes the stream ${name}`,
        'no other component learns of events',
        'start the components that sync, push and federate',
      ),
    ),
    ...consumers
      .filter(({ acknowledged }) => last - acknowledged > FAR_BEHIND)
      .map(({ name: consumer, acknowledged }) =>
        warning(
          'consumer-behind',
          `the consumer ${consumer} is ${last - acknowledged} outputs behind`,
          'its component shows old data',
          'see why that component does not read, or remove the consumer if it is not used any more',
        ),
      ),
  ]
}
