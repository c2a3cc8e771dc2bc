import type { AdministrationApi, InspectionApi, RoomserverApi, StreamedApi } from '@roomserver/api'
import type { JsonObject, Logger } from '@roomserver/types'
import type { Tracing } from '../tracing.ts'
import type { Limits } from './limits.ts'
import type { ServedPage } from './page-routes.ts'

/** What the database and the rest say about taking requests. */
export interface Readiness {
  readonly ready: boolean
  /** What was looked at → what was found. */
  readonly checks: Readonly<Record<string, string>>
}

/** Metrics in the text format of Prometheus. */
export interface MetricsSource {
  readonly contentType: string
  read(): Promise<string>
  /** Asked of readers; the bearer token is not. */
  readonly basicAuth?: { readonly username: string; readonly password: string }
}

/** An output as the log keeps it. */
export interface LoggedOutput {
  /** Ascending; a reader goes on behind it. */
  readonly position: number
  /** The same output always has the same one. */
  readonly id: string
  readonly roomId: string
  /** An OutputEvent as JSON. */
  readonly payload: string
}

/** The embedded output log, as the stream of outputs reads it. */
export interface OutputSource {
  /** Outputs behind a position, and new ones as they come, until `signal` is aborted. */
  follow(after: number, signal: AbortSignal): AsyncGenerator<LoggedOutput, void, void>
  /**
   * Makes sure that a reader can go on behind a position without missing anything.
   *
   * @throws {RoomserverError} OUTPUTS_TRIMMED; OUTPUTS_POSITION_UNKNOWN
   */
  check(after: number): Promise<void>
}

/**
 * Answers a question of TARDIS.
 *
 * @param getEvents - asks TARDIS for events; those that it does not have are left out
 */
export type TardisResolver = (
  data: unknown,
  getEvents: (ids: readonly string[]) => Promise<ReadonlyMap<string, JsonObject>>,
) => Promise<{ readonly result: object; readonly error: string }>

/** One answered request, for metrics and the log. */
export interface Answered {
  /** The operation's method name. */
  readonly operation: string
  readonly status: number
  readonly tookMs: number
  /** Whether the status is 200 and the answer says that the operation failed. */
  readonly isFailed: boolean
  /** Names the request in the log. */
  readonly requestId: string
  /** The room that the request names. */
  readonly roomId: string | undefined
  /** The trace that the operation is recorded in. */
  readonly traceId: string | undefined
}

/** What a server of the internal API can be told, all of it optional. */
export interface ServerOptions {
  /** Operations to take from here, because their answers are written already. */
  readonly streamed?: StreamedApi<RoomserverApi> | undefined
  /** Answers what operators ask about rooms, below `/api/inspect`; left out: these paths do not exist. */
  readonly inspection?: InspectionApi | undefined
  /** Does what operators do to rooms, below `/api/admin`; left out: these paths do not exist. */
  readonly administration?: AdministrationApi | undefined
  readonly limits?: Partial<Limits> | undefined
  /** Asked of every caller, except for `/healthz` and `/readyz`. */
  readonly token?: string | undefined
  /**
   * Names by which requests may ask for the server beside IP addresses and `localhost`. `undefined`: any, in a plugin; none
   * for a server of its own on loopback without a token, which alone asks for them: a web page can have its own name mean
   * this machine (DNS rebinding), and then sends that name as `Host`.
   */
  readonly hosts?: readonly string[] | undefined
  readonly log?: Logger | undefined
  /** Answers `/readyz`; without it the server is always ready. */
  readonly readiness?: (() => Promise<Readiness>) | undefined
  /** Answers `/metrics`. */
  readonly metrics?: MetricsSource | undefined
  /** Feeds `/api/roomserver/outputs`. */
  readonly outputs?: OutputSource | undefined
  /** Answers TARDIS over a WebSocket at `/api/inspect/tardis`; left out: there is none. Not in a plugin. */
  readonly tardis?: TardisResolver | undefined
  /** A web page to serve beside the API, to whoever asks. */
  readonly page?: ServedPage | undefined
  readonly tracing?: Tracing | undefined
  /** Called for every operation that was answered. */
  readonly observe?: ((answered: Answered) => void) | undefined
}
