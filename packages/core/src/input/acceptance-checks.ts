import type { Pdu } from '@roomserver/events'
import type { Logger, RoomId } from '@roomserver/types'
import type { AcceptanceVerdict, EventInput, Outcome } from '../decide/event-input.ts'

/** An event that is about to be decided on. */
export interface ArrivingEvent {
  readonly event: Pdu
  /** `new`: it goes to the end of the room. `old`: history that is filled in. */
  readonly kind: 'new' | 'old'
  /** Whether this server made it. */
  readonly isOurs: boolean
}

/**
 * A check of one's own before events are accepted, against spam or by a policy: of everything that comes in and is to be seen
 * in a room, by whatever way: input, gaps, backfill, joins and invites, what users of this server send. The state and auth events
 * that other servers give beside it are not asked about, because the rules need them.
 */
export interface AcceptanceCheck {
  /**
   * Says whether an event is wanted. It may be asked more than once about the same event.
   *
   * @param signal - aborted when the time is over
   */
  readonly check: (
    arriving: ArrivingEvent,
    signal: AbortSignal,
  ) => AcceptanceVerdict | Promise<AcceptanceVerdict>
  /** How long an event waits for the answer, in ms; 5,000 unless given. */
  readonly timeoutMs?: number | undefined
  /** What becomes of an event when the check fails or does not answer in time: `accept` (fail open) or `refuse` (fail closed). */
  readonly whenUnavailable: 'accept' | 'refuse'
}

const TIMEOUT_MS = 5_000
/** How much of a reason is kept, in characters: it is stored with the event. */
const MAX_REASON = 4_096

/** Asks the acceptance check about events, before they go into the queue of their room in the order in which they came. */
export class AcceptanceChecks {
  readonly #check: AcceptanceCheck
  readonly #log: Logger
  /** The event of each room that came last and has not gone on yet. */
  readonly #last = new Map<RoomId, Promise<unknown>>()

  constructor(check: AcceptanceCheck, log: Logger) {
    this.#check = check
    this.#log = log
  }

  /** @param next - decides on the event; called for one event of a room after the other */
  async decide(input: EventInput, next: (input: EventInput) => Promise<Outcome>): Promise<Outcome> {
    if (input.kind === 'outlier') return await next(input)
    const { roomId } = input.pdu
    const asked = this.#ask(input, input.kind)
    const before = this.#last.get(roomId)
    const turn = Promise.all([asked, before]).then(([acceptance]) => acceptance)
    this.#last.set(roomId, turn)
    const acceptance = await turn
    if (this.#last.get(roomId) === turn) this.#last.delete(roomId)
    return await next({ ...input, acceptance })
  }

  /** Waits until every event that was asked about has gone on to be decided. */
  async settled(): Promise<void> {
    while (this.#last.size > 0) await Promise.all(this.#last.values())
  }

  /** Never rejects. */
  async #ask({ pdu: event, isOurs = false }: EventInput, kind: 'new' | 'old'): Promise<AcceptanceVerdict> {
    const { check, timeoutMs = TIMEOUT_MS } = this.#check
    const late = Promise.withResolvers<never>()
    const controller = new AbortController()
    const timer = setTimeout(() => {
      late.reject(new Error(`no answer in ${timeoutMs} ms`))
      controller.abort()
    }, timeoutMs)
    try {
      const answer = await Promise.race([
        late.promise,
        Promise.resolve().then(() => check({ event, kind, isOurs }, controller.signal)),
      ])
      return checked(answer)
    } catch (error) {
      return this.#unavailable(event, error)
    } finally {
      clearTimeout(timer)
    }
  }

  #unavailable({ eventId, roomId }: Pdu, error: unknown): AcceptanceVerdict {
    const { whenUnavailable } = this.#check
    const reason = error instanceof Error ? error.message : String(error)
    const fields = { room_id: roomId, event_id: eventId, reason, result: whenUnavailable }
    this.#log.warn(fields, 'the acceptance check failed or did not answer in time')
    return whenUnavailable === 'accept'
      ? { accepted: true }
      : { accepted: false, reason: `the acceptance check is not available: ${reason}`.slice(0, MAX_REASON) }
  }
}

/** An answer as callers without types give it; anything but a clear yes or no is a failure. */
function checked(answer: AcceptanceVerdict): AcceptanceVerdict {
  if (answer?.accepted === true) return { accepted: true }
  if (answer?.accepted !== false)
    throw new TypeError('the check gave neither { accepted: true } nor { accepted: false, reason }')
  const { reason } = answer
  return {
    accepted: false,
    reason: typeof reason === 'string' ? reason.slice(0, MAX_REASON) : 'not accepted here',
  }
}
