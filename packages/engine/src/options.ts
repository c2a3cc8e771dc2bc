import type { AppserviceApi, FederationApi, PolicyServerApi, UserApi } from '@roomserver/api'
import type {
  AcceptanceCheck,
  AllRepairLimits,
  Compatibility,
  PolicyLimits,
  RoomLimits,
  WorkObserver,
} from '@roomserver/core'
import type { SigningKey } from '@roomserver/events'
import type { StorageOptions } from '@roomserver/storage'
import type { EngineStore, Logger } from '@roomserver/types'
import type { RoomVersionRules } from '@roomserver/version'
import type { AtPoint } from './fault-points.ts'
import type { OutputOptions } from './outputs/output-options.ts'

/** What an engine is told when it is opened; what is left out has a default that suits a server of its own. */
export interface EngineOptions {
  /** Name of the homeserver, such as `example.org`. A store keeps the name that it was first used with. */
  readonly serverName: string
  /**
   * Where rooms are kept: the path of a SQLite file, `:memory:`, a URL `postgresql://…`, or more about one of these; or a
   * store of one's own, which whoever opened it closes after the engine.
   */
  readonly store: string | StorageOptions | EngineStore
  /**
   * Signs the events that the engine makes: a key of `serverName`, or the path of a PEM file with one, which is made where
   * it is missing and the store has no rooms yet. Left out: `FILE.signing-key.pem` beside a SQLite file; a key that is not
   * kept with a store in memory. PostgreSQL and a store of one's own need one, because processes share them.
   */
  readonly signingKey?: SigningKey | string | undefined
  /** Where outputs go; left out: they stay in the database, in one process. */
  readonly outputs?: OutputOptions | undefined
  /** Other components of the homeserver. What needs one that is not there is refused with COMPONENT_NOT_CONFIGURED. */
  readonly components?: EngineComponents | undefined
  /** Where it logs; left out: nowhere. */
  readonly logger?: Logger | undefined
  /** What the cache of events and state may take; 128 MiB unless said otherwise. */
  readonly cacheBytes?: number | undefined
  /** Which choices of behaviour are taken where Dendrite of 2022 made others; `current` unless said otherwise. */
  readonly compatibility?: Compatibility | undefined
  /** Whether other servers' events that lack nothing are taken into rooms that our users have all left; no by default. */
  readonly acceptsEventsForDepartedRooms?: boolean | undefined
  /**
   * How much may wait in queues, and in how many extremities a room may end: 256 MiB and 10 unless said otherwise, the
   * rest as `DEFAULT_ROOM_LIMITS` of `@roomserver/core`.
   */
  readonly roomLimits?: Partial<RoomLimits> | undefined
  /** What getting missing events may take. */
  readonly repairLimits?: Partial<AllRepairLimits> | undefined
  /**
   * A check of one's own that everything passes before it is accepted, with a time limit: what users of this server send, what
   * other servers send, gaps, backfill, joins and invites.
   */
  readonly acceptance?: AcceptanceCheck | undefined
  /**
   * Room versions beyond those of the specification, as `defineRoomVersion` gives them. They are announced beside the others,
   * and rooms of them can be created and joined.
   */
  readonly roomVersions?: readonly RoomVersionRules[] | undefined
  /** How policy servers are asked. */
  readonly policyLimits?: Partial<PolicyLimits> | undefined
  /**
   * What is done in the background: resuming queued input after a restart and from processes that are gone, merging
   * forward extremities, forgetting old transactions, checking stored rooms. `false` is for tools that open a store for
   * one thing.
   */
  readonly maintenance?: MaintenanceOptions | false | undefined
  /** Is told how long what takes; for metrics and traces. */
  readonly observer?: EngineObserver | undefined
  /** Called at the points that events pass; for crash tests. */
  readonly atPoint?: AtPoint | undefined
}

/** Wants to know how long what takes. */
export interface EngineObserver extends WorkObserver {
  /** A resolution of states has ended, which took so many milliseconds. */
  readonly resolved?: (conflictedEntries: number, ms: number) => void
  /** JetStream has stored an output, so many milliseconds after it was sent. */
  readonly published?: (ms: number) => void
}

/**
 * Other components of a homeserver, as clients of their internal APIs or as objects of one's own. What such an object throws,
 * callers get as COMPONENT_FAILED.
 */
export interface EngineComponents {
  /** Reaches other servers: joins and invites over federation, missing events. */
  readonly federation?: FederationApi | undefined
  /** Reaches the policy servers of rooms. */
  readonly policyServers?: PolicyServerApi | undefined
  readonly user?: UserApi | undefined
  readonly appservice?: AppserviceApi | undefined
}

/** How the background work goes. */
export interface MaintenanceOptions {
  /** Rooms checked for damage, and freed of what nothing refers to; 6 unless said otherwise, 0: none. */
  readonly scrubbedRoomsPerMinute?: number | undefined
  /** How long the purge of a room waits for other processes; the defaults suit any number of them. */
  readonly purges?: Partial<PurgePace> | undefined
}

/** How long the purge of a room waits for the processes on a database. */
export interface PurgePace {
  /** Before anything is deleted, so that all of them refuse events of the room; 6 s, with a file 0. */
  readonly noticeMs: number
  /** After everything is deleted, so that all of them drop what they have cached of the room; 60 s, with a file 0. */
  readonly settleMs: number
}

/** The defaults of {@link EngineOptions}. */
export const ENGINE_DEFAULTS = {
  cacheBytes: 128 * 1024 * 1024,
  maxBytesInFlight: 256 * 1024 * 1024,
  maxExtremities: 10,
  scrubbedRoomsPerMinute: 6,
  purges: { noticeMs: 6_000, settleMs: 60_000 },
} as const
