/** Fields of a log line, in Dendrite's names (`room_id`, `event_id`). Never the content of events, never keys. */
export type LogFields = Readonly<Record<string, unknown>>

/** Where libraries write their log; a subset of pino's interface. `error` = someone must act, `warn` = may become one. */
export interface Logger {
  error(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  debug(fields: LogFields, message: string): void
}

/** Where libraries get the time, so that tests and simulations can set it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
}

/** The time of the machine. */
export const systemClock: Clock = { now: () => Date.now() }

/** Milliseconds since the process began, which no setting of the clock changes: how long something takes. */
export const monotonicNow = (): number => performance.now()

/** A log that nobody reads. */
export const silentLogger: Logger = {
  error: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
}
