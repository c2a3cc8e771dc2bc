import type { Retried } from '@roomserver/core'
import { type Engine, openEngine, refuseForeignStore } from '@roomserver/engine'
import { openStorage } from '@roomserver/storage'
import { RoomserverError } from '@roomserver/types'
import { Command } from 'commander'
import { type Components, connectComponents } from '../compose/connect-components.ts'
import { engineOptions } from '../compose/engine-options.ts'
import { storageOptions } from '../compose/storage-options.ts'
import type { Config } from '../config/config.ts'
import { createLog } from '../log.ts'
import { operatorRepair, type RepairWish } from '../repair/operator-repair.ts'
import { listRepairs } from '../repair/list-repairs.ts'
import { existingConfigOf, type ServerOptions, withServerOptions } from './server-options.ts'

/** `roomserver repair` */
export function repairCommand(): Command {
  return withServerOptions(new Command('repair'))
    .argument('[room]', 'a room ID; without one, list the events that wait')
    .option('--recompute-state', 'recompute the current state from the forward extremities')
    .option(
      '--state-from-servers [server]',
      'take the state that most servers of the room supply, or that of one server',
    )
    .option(
      '--prune-extremities',
      'drop forward extremities that were not accepted or have accepted successors',
    )
    .option('--apply', 'with one of these three: make the change; without it, print what would change')
    .description('list events that wait for missing events, retry those of a room, or repair a room')
    .action(repair)
}

async function repair(room: string | undefined, options: ServerOptions & RepairWish): Promise<void> {
  const isOperators =
    options.recomputeState ?? options.pruneExtremities ?? options.stateFromServers !== undefined
  if (room === undefined) return await list(options)
  return await (isOperators ? rebuild(room, options) : retry(room, options))
}

async function rebuild(roomId: string, options: ServerOptions & RepairWish): Promise<void> {
  const config = await existingConfigOf(options)
  await using components = connectComponents(config)
  await using engine = await openFor(config, components)
  for await (const line of operatorRepair(engine.parts, roomId, options)) process.stdout.write(`${line}\n`)
}

/** Opens the engine for one repair; everything else is left to the server. */
function openFor(config: Config, components: Components): Promise<Engine> {
  const log = createLog('warn', process.stderr)
  return openEngine({ ...engineOptions(config, log, components), maintenance: false })
}

/** Reads beside a server that is at work. */
async function list(options: ServerOptions): Promise<void> {
  const log = createLog('warn', process.stderr)
  const { database, serverName } = await existingConfigOf(options)
  await using storage = await openStorage({ ...storageOptions(database), migrate: false }, { logger: log })
  refuseForeignStore(await storage.serverName(), serverName)
  for await (const line of listRepairs(storage, Date.now())) process.stdout.write(`${line}\n`)
}

async function retry(roomId: string, options: ServerOptions): Promise<void> {
  const config = await existingConfigOf(options)
  await using components = connectComponents(config)
  await using engine = await openFor(config, components)
  const { repairs } = engine.parts.input
  if (repairs === undefined) {
    const expected = 'a configuration with a federation component (--config)'
    throw new RoomserverError('BAD_REQUEST', { path: 'repair', expected }, `repair: expected ${expected}`)
  }
  const retried = await repairs.retry(roomId)
  for (const one of retried) process.stdout.write(`${textOf(one)}\n`)
  const waiting = retried.filter(({ outcome }) => outcome.kind === 'missing' || outcome.kind === 'failed')
  process.stdout.write(`${retried.length - waiting.length} repaired, ${waiting.length} still waiting\n`)
  if (waiting.length > 0) process.exitCode = 1
}

function textOf({ eventId, outcome }: Retried): string {
  switch (outcome.kind) {
    case 'stored':
      return `${eventId}  ${outcome.verdict}`
    case 'missing':
      return `${eventId}  still missing ${[...outcome.auth, ...outcome.prev, ...outcome.state].slice(0, 5).join(', ')}`
    case 'refused':
      return `${eventId}  refused: ${outcome.error.message}`
    case 'failed':
      return `${eventId}  failed: ${outcome.reason}`
  }
}
