import { randomUUID } from 'node:crypto'
import { administrationEndpoints, inspectionEndpoints, roomserverEndpoints } from '@roomserver/api'
import {
  createInput,
  createRoomInspection,
  createRoomserverWithMaintenance,
  type InputDeps,
  RecordCache,
  type RoomInput,
} from '@roomserver/core'
import { runAsLeader } from '@roomserver/storage'
import {
  invalidArgument,
  isServerName,
  type LeaseStore,
  type ServerName,
  silentLogger,
  systemClock,
} from '@roomserver/types'
import { defineRoomVersion, type RoomVersionRules } from '@roomserver/version'
import type { Engine } from './engine.ts'
import { stepsOf } from './fault-points.ts'
import { givenComponents } from './given-components.ts'
import { keyFrom, keySourceOf } from './given-key.ts'
import { startMaintenance } from './maintenance/maintenance.ts'
import { ENGINE_DEFAULTS, type EngineOptions } from './options.ts'
import { openOutputs } from './outputs/open-outputs.ts'
import type { OutputOptions } from './outputs/output-options.ts'
import type { Outputs } from './outputs/outputs.ts'
import { policyServersThrough } from './policy-servers.ts'
import { checkReadiness } from './readiness.ts'
import { createRoomMethods } from './rooms/room-methods.ts'
import { openPlace } from './store/open-place.ts'
import { storePlaceOf } from './store/store-place.ts'
import { withWholeRequests } from './whole-requests.ts'

/**
 * Opens a room engine: store, outputs, input, operations and all background work. What was opened is closed again if a
 * later step fails.
 *
 * @throws {RoomserverError} INVALID_ARGUMENT when the store or the key belongs to another homeserver, or another process
 * uses a database whose outputs stay in it; STORE_UNAVAILABLE, DATABASE_TOO_NEW
 * @example
 * ```ts
 * import { openEngine } from '@roomserver/engine'
 *
 * await using rooms = await openEngine({ serverName: 'example.org', store: 'rooms.db' })
 * const room = await rooms.createRoom('@alice:example.org', { preset: 'public_chat', name: 'Tea' })
 * await rooms.send(room, '@alice:example.org', 'm.room.message', { msgtype: 'm.text', body: 'hello' })
 * ```
 */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  const serverName = checkedName(options?.serverName)
  const { atPoint, logger: log = silentLogger } = options
  const components = givenComponents(options.components)
  const store = storePlaceOf(options.store)
  const keySource = keySourceOf(options.signingKey, store)
  const outputOptions = checkedOutputs(options.outputs)
  const roomVersions = checkedVersions(options.roomVersions)
  checkAcceptance(options.acceptance)
  await using parts = new AsyncDisposableStack()
  const { storage, isShared } = parts.use(await openPlace(store, serverName, { logger: log, atPoint }))
  const outputs = parts.use(
    await openOutputs(
      { storage, isShared, log, atPoint, onPublished: options.observer?.published },
      outputOptions,
    ),
  )
  const signingKey = await keyFrom(keySource, { serverName, storage, log })
  const holder = `process ${randomUUID()}`
  if (isShared) parts.use(showLife(storage, holder))
  const cache = new RecordCache(storage, options.cacheBytes ?? ENGINE_DEFAULTS.cacheBytes)
  cache.onResolved = options.observer?.resolved
  const shared = { store: storage, cache, clock: systemClock, log, serverName }
  const input = inputOf({ ...shared, ...inputPorts({ ...options, components }, outputs), holder }, options)
  parts.defer(() => input.close())
  await input.blockedRooms.load()
  const { federation, user, appservice } = components
  const {
    rooms: operations,
    streamed,
    administration,
    dummyEvents,
    users,
    timeline,
  } = createRoomserverWithMaintenance(
    { ...shared, input, signingKey, federation, user, appservice },
    { compatibility: options.compatibility ?? 'current', roomVersions },
  )
  const deliversOutputs = outputOptions.kind === 'jetstream'
  const inspection = createRoomInspection({
    ...shared,
    input,
    deliversOutputs,
  })
  const maintained = { storage, input, dummyEvents, log, isShared, deliversOutputs }
  const { scrubber } = parts.use(startMaintenance(maintained, options.maintenance ?? {}))
  const closing = new AbortController()
  parts.defer(() => closing.abort())
  const owned = parts.move()
  return {
    ...createRoomMethods({
      users,
      timeline,
      operations,
      storage,
      outputs,
      serverName,
      isFederated: federation !== undefined,
      closing: closing.signal,
    }),
    serverName,
    operations: withWholeRequests(roomserverEndpoints, operations),
    readiness: () =>
      checkReadiness(
        () => storage.probe(),
        outputs,
        () => systemClock.now(),
      ),
    parts: {
      storage,
      cache,
      input,
      outputs,
      streamed,
      administration: withWholeRequests(administrationEndpoints, administration),
      inspection: withWholeRequests(inspectionEndpoints, inspection),
      dummyEvents,
      scrubber,
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

function checkedName(name: unknown): ServerName {
  if (typeof name === 'string' && isServerName(name)) return name
  throw invalidArgument('serverName', 'a server name such as example.org or localhost:8448')
}

function checkedOutputs(outputs: OutputOptions = { kind: 'log' }): OutputOptions {
  const kinds: readonly string[] = ['log', 'jetstream'] satisfies readonly OutputOptions['kind'][]
  if (kinds.includes(outputs.kind)) return outputs
  throw invalidArgument('outputs', `a kind: ${kinds.join(' or ')}`)
}

function inputOf(deps: InputDeps, { roomLimits, repairLimits }: EngineOptions): RoomInput {
  const { maxBytesInFlight, maxExtremities } = ENGINE_DEFAULTS
  return createInput(deps, { maxBytesInFlight, maxExtremities, ...roomLimits }, repairLimits)
}

/** Makes them known before anything reads a room of them. @throws {RoomserverError} INVALID_ARGUMENT */
function checkedVersions(versions: EngineOptions['roomVersions'] = []): readonly RoomVersionRules[] {
  if (!Array.isArray(versions)) throw invalidArgument('roomVersions', 'a list of rules')
  return versions.map((rules: RoomVersionRules) => defineRoomVersion(rules))
}

/** @throws {RoomserverError} INVALID_ARGUMENT */
function checkAcceptance(acceptance: EngineOptions['acceptance']): void {
  if (acceptance === undefined) return
  const { check, whenUnavailable } = acceptance ?? {}
  if (typeof check !== 'function') throw invalidArgument('acceptance.check', 'a function')
  if (whenUnavailable !== 'accept' && whenUnavailable !== 'refuse')
    throw invalidArgument('acceptance.whenUnavailable', 'accept or refuse')
}

/** What the input needs of others. */
function inputPorts({ components = {}, ...options }: EngineOptions, outputs: Outputs): Partial<InputDeps> {
  const { federation, policyServers } = components
  const { acceptsEventsForDepartedRooms, policyLimits, acceptance, atPoint, observer } = options
  return {
    acceptsEventsForDepartedRooms,
    federation,
    policyServers: policyServers && policyServersThrough(policyServers),
    policyLimits,
    acceptance,
    onOutputs: () => outputs.wake(),
    whenDelivered: outputs.whenDelivered,
    onStep: atPoint && stepsOf(atPoint),
    observer,
  }
}

/** After how long without a sign of life the queued input of a process is taken over by others. */
const LIFE_SIGN_MS = 10_000

/** Keeps the lease by which other processes on the database see that this one is alive. */
function showLife(storage: LeaseStore, holder: string): AsyncDisposable {
  const nothing = (): AsyncDisposable => ({ [Symbol.asyncDispose]: async () => undefined })
  return runAsLeader(storage, holder, nothing, { ttlMs: LIFE_SIGN_MS, logger: silentLogger })
}
