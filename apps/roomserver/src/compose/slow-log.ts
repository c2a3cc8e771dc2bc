import type { Logger } from '@roomserver/types'

/** Something that took a while. */
export interface Took {
  readonly tookMs: number
  readonly roomId: string | undefined
  /** The trace that it is recorded in. */
  readonly traceId: string | undefined
}

/** Names what takes long in the log, with the room and the trace in which more is found. */
export interface SlowLog {
  /** An operation was answered. */
  operation(
    answered: Took & { readonly operation: string; readonly requestId: string; readonly status: number },
  ): void
  /** A step of an event is over. */
  step(step: Took & { readonly step: string }): void
}

/** How long it is silent after a line, so that a server that is slow as a whole does not fill its log. */
const SILENCE_MS = 1_000

/** @param slowMs - what takes longer is named; 0: nothing is */
export function createSlowLog(
  log: Logger,
  slowMs: number,
  now: () => number = () => performance.now(),
): SlowLog {
  let silentUntil = Number.NEGATIVE_INFINITY
  let unsaid = 0
  const name = ({ tookMs, roomId, traceId }: Took, fields: object, message: string): void => {
    if (slowMs === 0 || tookMs < slowMs) return
    if (now() < silentUntil) {
      unsaid++
      return
    }
    const about = {
      ...fields,
      took_ms: Math.round(tookMs),
      ...(roomId !== undefined && { room_id: roomId }),
      ...(traceId !== undefined && { trace_id: traceId }),
      ...(unsaid > 0 && { others_not_logged: unsaid }),
    }
    log.warn(about, message)
    silentUntil = now() + SILENCE_MS
    unsaid = 0
  }
  return {
    operation: ({ operation, requestId, status, ...took }) =>
      name(took, { operation, request_id: requestId, status }, 'an operation took long'),
    step: ({ step, ...took }) => name(took, { step }, 'a step of an event took long'),
  }
}
