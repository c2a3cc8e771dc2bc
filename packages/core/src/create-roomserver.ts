import { randomInt } from 'node:crypto'
import type {
  AdministrationApi,
  AppserviceApi,
  FederationApi,
  RoomserverApi,
  UserApi,
  StreamedApi,
} from '@roomserver/api'
import type { SigningKey } from '@roomserver/events'
import { type Clock, type Logger, RoomserverError, type ServerName } from '@roomserver/types'
import { defineRoomVersion, type RoomVersionRules } from '@roomserver/version'
import type { RoomInput } from './create-engine.ts'
import { createAdministration } from './perform/administration/create-administration.ts'
import type { PerformContext, PerformInput } from './perform/context.ts'
import { createPerforms } from './perform/create-performs.ts'
import { createDummyEvents, type DummyEvents } from './perform/dummy-events.ts'
import { RoomMutex } from './perform/room-mutex.ts'
import { createUserActions, type UserActions } from './perform/user-actions.ts'
import type { Store } from './ports.ts'
import type { Compatibility } from './query/context.ts'
import { createQueries } from './query/create-queries.ts'
import { readTimeline, type TimelinePage, type TimelineRequest } from './query/timeline.ts'
import { createStreamedQueries } from './query/streamed-answers/streamed-queries.ts'
import type { RecordCache } from './view/record-cache.ts'
import { watchedStore } from './view/watched-store.ts'

/** What the room server is put together from. */
export interface RoomserverDeps {
  readonly store: Store
  /** Shared with the input. */
  readonly cache: RecordCache
  readonly input: PerformInput
  readonly clock: Clock
  readonly log: Logger
  /** Name of this server. */
  readonly serverName: ServerName
  /** This server's key: signs the events that it makes itself. */
  readonly signingKey: SigningKey
  /** Other components; what needs one that is not there is refused, in words that say so. */
  readonly federation?: FederationApi | undefined
  readonly user?: UserApi | undefined
  readonly appservice?: AppserviceApi | undefined
  /** Makes random IDs of the given length; unguessable by default. A simulation passes a reproducible function. */
  readonly randomId?: ((length: number) => string) | undefined
}

/** How the room server behaves. */
export interface RoomserverOptions {
  /** Which room versions are announced; `current` unless said otherwise. */
  readonly compatibility?: Compatibility
  /** Room versions of the program's own, as `defineRoomVersion` gives them; announced beside the others. */
  readonly roomVersions?: readonly RoomVersionRules[] | undefined
}

/**
 * All operations of the internal API, in process.
 *
 * @throws {RoomserverError} INVALID_ARGUMENT when the signing key is another server's
 */
export function createRoomserver(deps: RoomserverDeps, options: RoomserverOptions = {}): RoomserverApi {
  return roomserverOf(contextOf(deps, options))
}

/** A room server, and what brings the forward extremities of rooms together that have too many. */
export interface RoomserverWithMaintenance {
  readonly rooms: RoomserverApi
  /** Those of its operations whose answers are long, for who sends them on. */
  readonly streamed: StreamedApi<RoomserverApi>
  readonly dummyEvents: DummyEvents
  /** What users of this server do, with failures that are thrown. */
  readonly users: UserActions
  /** What operators do to rooms. */
  readonly administration: AdministrationApi
  /** Reads the past of a room backwards, a page at a time. */
  readonly timeline: (request: TimelineRequest) => Promise<TimelinePage>
}

/** {@link createRoomserver} for a process that looks after its rooms. */
export function createRoomserverWithMaintenance(
  deps: RoomserverDeps & { readonly input: Pick<RoomInput, 'overLimit' | 'repairs'> },
  options: RoomserverOptions = {},
): RoomserverWithMaintenance {
  const context = contextOf(deps, options)
  const users = createUserActions(context)
  return {
    rooms: roomserverOf(context),
    streamed: createStreamedQueries(context),
    dummyEvents: createDummyEvents(context, deps.input.overLimit),
    users,
    administration: createAdministration(context, users, deps.input.repairs),
    timeline: (request) => readTimeline(context, request),
  }
}

function contextOf(
  deps: RoomserverDeps,
  { compatibility = 'current', roomVersions = [] }: RoomserverOptions,
): PerformContext {
  const { federation, user, appservice, randomId = unguessableId, ...parts } = deps
  checkSigningKey(deps)
  // Whatever reads an event of such a room looks its version up by its name.
  const defined = roomVersions.map(defineRoomVersion)
  const store = watchedStore(parts.store, parts.cache)
  return {
    ...parts,
    store,
    federation,
    user,
    appservice,
    randomId,
    compatibility,
    roomVersions: defined,
    mutex: new RoomMutex(),
  }
}

/** Nobody could verify what is signed with the key of another server, and nobody should be able to. */
function checkSigningKey({ serverName, signingKey }: RoomserverDeps): void {
  if (signingKey.server === serverName) return
  const expected = `a key of ${serverName}`
  const message = `the signing key ${signingKey.keyId} belongs to ${signingKey.server}, not to ${serverName}`
  throw new RoomserverError('INVALID_ARGUMENT', { argument: 'signingKey', expected }, message)
}

function roomserverOf(context: PerformContext): RoomserverApi {
  return {
    inputRoomEvents: (...call) => context.input.inputRoomEvents(...call),
    ...createQueries(context),
    ...createPerforms(context),
  }
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

function unguessableId(length: number): string {
  return Array.from({ length }, () => LETTERS[randomInt(LETTERS.length)]).join('')
}
