import { randomUUID } from 'node:crypto'
import { createInput, type PolicyLimits, RecordCache, type RoomInput } from '@roomserver/core'
import { runAsLeader, type Storage } from '@roomserver/storage'
import { type Logger, silentLogger, systemClock } from '@roomserver/types'
import type { Config } from '../config/config.ts'
import { type OwnSettings, acceptsEventsForDepartedRooms } from '../config/own-section.ts'
import type { Components } from './connect-components.ts'
import { type AtPoint, stepsOf, observedStore } from './fault-points.ts'
import { type Outputs, openOutputs } from './open-outputs.ts'
import { openStore } from './open-store.ts'
import { maxExtremitiesOf } from './merge-extremities.ts'

/** The room engine without a door: store, cache, input and outputs. */
export interface Engine extends AsyncDisposable {
  readonly storage: Storage
  readonly cache: RecordCache
  readonly input: RoomInput
  readonly outputs: Outputs
}

/**
 * Opens what the configuration names, the store first; closes it again if a later step fails.
 *
 * @param components - `federation` is asked for events that are missing, `policyServers` for signatures; left out: nobody is
 * @param at - called at the points that events pass; for crash tests
 */
export async function startEngine(
  config: Config,
  log: Logger,
  components: Pick<Components, 'federation' | 'policyServers'> = {},
  at?: AtPoint,
): Promise<Engine> {
  await using parts = new AsyncDisposableStack()
  const opened = parts.use(await openStore(config, log, at))
  const storage = at === undefined ? opened : observedStore(opened, at)
  const outputs = parts.use(await openOutputs(storage, config, log, at))
  const holder = `process ${randomUUID()}`
  if (config.database.kind === 'postgres') parts.use(showLife(storage, holder))
  const cache = new RecordCache(storage, config.cacheBytes)
  const { serverName, settings } = config
  const { repair } = settings
  const input = createInput(
    {
      store: storage,
      cache,
      clock: systemClock,
      log,
      serverName,
      acceptsEventsForDepartedRooms: acceptsEventsForDepartedRooms(settings),
      federation: components.federation,
      policyServers: components.policyServers,
      policyLimits: policyLimitsOf(settings.policy_servers),
      holder,
      onOutputs: () => outputs.wake(),
      whenDelivered: outputs.whenDelivered,
      onStep: at && stepsOf(at),
    },
    { maxBytesInFlight: settings.input.max_queued_bytes, maxExtremities: maxExtremitiesOf(settings) },
    {
      budgetMs: repair.time,
      callMs: repair.call_time,
      patienceMs: repair.patience,
      maxServers: repair.max_servers,
      atOnce: repair.servers_at_once,
      maxRooms: repair.max_rooms,
      maxJobs: repair.max_waiting_events,
      maxAttempts: repair.max_attempts,
    },
  )
  parts.defer(() => input.close())
  const owned = parts.move()
  return { storage, cache, input, outputs, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

function policyLimitsOf(settings: OwnSettings['policy_servers']): Partial<PolicyLimits> {
  return {
    timeoutMs: settings.timeout,
    restMs: settings.rest,
    atOncePerRoom: settings.at_once,
    maxWaitingPerRoom: settings.max_waiting,
    whenUnreachable: settings.when_unreachable,
  }
}

/** After how long without a sign of life the queued input of a process is taken over by others. */
const LIFE_SIGN_MS = 10_000

/** Keeps the lease by which other processes on the database see that this one is alive. */
function showLife(storage: Storage, holder: string): AsyncDisposable {
  const nothing = (): AsyncDisposable => ({ [Symbol.asyncDispose]: async () => undefined })
  return runAsLeader(storage, holder, nothing, { ttlMs: LIFE_SIGN_MS, logger: silentLogger })
}
