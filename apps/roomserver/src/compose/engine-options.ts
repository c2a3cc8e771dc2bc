import { type AtPoint, type EngineOptions, type OutputOptions, signingKeyOf } from '@roomserver/engine'
import type { StorageOptions } from '@roomserver/storage'
import type { Logger } from '@roomserver/types'
import type { Config, DatabaseConfig } from '../config/config.ts'
import { acceptsEventsForDepartedRooms, type OwnSettings } from '../config/own-section.ts'
import type { Components } from './connect-components.ts'

/** What the configuration says about the engine. */
export function engineOptions(
  config: Config,
  logger: Logger,
  components?: Components,
  atPoint?: AtPoint,
): EngineOptions {
  const { serverName, signingKey, settings, cacheBytes } = config
  return {
    serverName,
    store: storeOptions(config.database),
    signingKey: signingKeyOf(signingKey, serverName),
    outputs: outputOptions(config),
    components,
    logger,
    cacheBytes,
    compatibility: settings.compatibility,
    acceptsEventsForDepartedRooms: acceptsEventsForDepartedRooms(settings),
    ...limitsOf(settings),
    maintenance: { scrubbedRoomsPerMinute: scrubbedRoomsPerMinute(settings) },
    atPoint,
  }
}

/** How a server opens the configured database. */
export function storeOptions(database: DatabaseConfig): StorageOptions {
  if (database.kind === 'sqlite') return { dialect: 'sqlite', file: database.file }
  const { url: connectionString, maxConnections, maxLifetimeSeconds } = database
  return { dialect: 'postgres', connectionString, maxConnections, maxLifetimeSeconds }
}

function outputOptions({ output, settings }: Config): OutputOptions {
  const { keep_count: maxCount, keep_bytes: maxBytes, keep_time: maxAgeMs } = settings.output
  if (output.kind === 'embedded') return { kind: 'log', maxCount, maxBytes, maxAgeMs }
  const {
    window,
    look_every: pollMs,
    acknowledgement_wait: acknowledgementWaitMs,
    replicas,
  } = settings.output
  const { keep_delivered_time: keepDeliveredMs, keep_delivered_bytes: keepDeliveredBytes } = settings.output
  return {
    ...output,
    window,
    pollMs,
    acknowledgementWaitMs,
    keepDeliveredMs,
    keepDeliveredBytes,
    ...(replicas !== undefined && { replicas }),
  }
}

function limitsOf(
  settings: OwnSettings,
): Pick<EngineOptions, 'roomLimits' | 'repairLimits' | 'policyLimits'> {
  const { input, repair, policy_servers: policy } = settings
  return {
    roomLimits: { maxBytesInFlight: input.max_queued_bytes, maxExtremities: maxExtremitiesOf(settings) },
    repairLimits: {
      budgetMs: repair.time,
      callMs: repair.call_time,
      patienceMs: repair.patience,
      maxServers: repair.max_servers,
      atOnce: repair.servers_at_once,
      maxRooms: repair.max_rooms,
      maxJobs: repair.max_waiting_events,
      maxAttempts: repair.max_attempts,
    },
    policyLimits: {
      timeoutMs: policy.timeout,
      restMs: policy.rest,
      atOncePerRoom: policy.at_once,
      maxWaitingPerRoom: policy.max_waiting,
      whenUnreachable: policy.when_unreachable,
    },
  }
}

/** How many forward extremities a room may have before something is done about it. */
export function maxExtremitiesOf({ max_extremities: max }: Pick<OwnSettings, 'max_extremities'>): number {
  return max === 0 ? Number.POSITIVE_INFINITY : max
}

function scrubbedRoomsPerMinute({ scrubber }: OwnSettings): number {
  return scrubber.enabled ? scrubber.rooms_per_minute : 0
}
