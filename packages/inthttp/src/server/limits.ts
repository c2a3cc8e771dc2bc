/** Bounds on what one caller, and all together, can make the server hold or wait for. */
export interface Limits {
  /** Longest request body; an operation that needs less has a lower bound of its own. */
  readonly maxBodyBytes: number
  /** Memory of all bodies that are being read or processed. */
  readonly maxBodyBytesInAll: number
  /** Requests whose bodies have not arrived; with one more, the one that was silent longest is told to come again. */
  readonly maxArrivingRequests: number
  /** Large bodies that wait until there is room for them in memory; more are told to come again. */
  readonly maxWaitingBodies: number
  /** Requests that are being worked on; more are told to come again. */
  readonly maxConcurrentRequests: number
  readonly maxConnections: number
  /** All headers of a request. */
  readonly maxHeaderBytes: number
  /** Streams that one HTTP/2 connection may have open, and requests of an HTTP/1.1 one that are worked on. */
  readonly maxConcurrentStreams: number
  /** HTTP/2 streams that a connection may reset in a burst, and per second from then on (rapid reset). */
  readonly streamResetBurst: number
  readonly streamResetsPerSecond: number
  /** Requests that one connection may make in a second, on average over a few seconds. */
  readonly requestsPerSecondPerConnection: number
  /** From the first byte of a connection until it is known which protocol it speaks; and for the headers of a request. */
  readonly headersTimeoutMs: number
  /** How long nothing, or next to nothing, may come of a body that is waited for. */
  readonly bodyIdleMs: number
  /** What has to come of a body on average over {@link bodyIdleMs}; 0: anything. */
  readonly minBodyBytesPerSecond: number
  /** Until a request has been received as a whole. */
  readonly requestTimeoutMs: number
  /** How long a caller may take nothing of an answer. */
  readonly answerStallMs: number
  /** How long a connection without requests is kept. */
  readonly idleTimeoutMs: number
  /** How long nothing may come or go on a connection with a request under way. */
  readonly silenceMs: number
  /** How long requests under way may take when the server stops. */
  readonly drainMs: number
}

/** Roomy for components of one homeserver, small beside the memory of a machine. */
export const DEFAULT_LIMITS: Limits = {
  maxBodyBytes: 128 * 1024 * 1024,
  maxBodyBytesInAll: 192 * 1024 * 1024,
  maxArrivingRequests: 2_000,
  maxWaitingBodies: 16,
  maxConcurrentRequests: 2_000,
  maxConnections: 2_000,
  maxHeaderBytes: 16 * 1024,
  maxConcurrentStreams: 1_000,
  streamResetBurst: 400,
  streamResetsPerSecond: 100,
  requestsPerSecondPerConnection: 20_000,
  headersTimeoutMs: 10_000,
  bodyIdleMs: 10_000,
  minBodyBytesPerSecond: 1024,
  requestTimeoutMs: 120_000,
  answerStallMs: 60_000,
  idleTimeoutMs: 120_000,
  silenceMs: 900_000,
  drainMs: 10_000,
}
