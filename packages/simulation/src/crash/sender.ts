import { setTimeout as pause } from 'node:timers/promises'
import { InputKind, type InputRoomEventsResponse } from '@roomserver/api'
import type { Pdu } from '@roomserver/events'
import type { Random } from '@roomserver/testing/reference-resolution'

/** Which server is asked, and whether to go on. */
export interface Way {
  url(): string
  readonly stop: AbortSignal
  /** After how long the next request is cut off by its sender; undefined: not soon. */
  givesUpAfterMs?(): number | undefined
}

/** How long a request may take before it counts as lost. */
const TIMEOUT_MS = 20_000
const RETRY_MS = 50

/**
 * Sends a room's events, a few at a time, waiting for each answer, as a homeserver that receives them does: an answer
 * that is lost means sending again. Knows what was answered.
 */
export class Sender {
  /** Events that were decided upon, by an answer that was not lost. */
  readonly decided = new Set<Pdu>()
  /** Answers that are neither an acknowledgement nor a reason to wait. */
  readonly surprises: string[] = []
  /** Requests whose answer was lost or that were put off. */
  retries = 0
  /** What was said when a request could not be served, each once. */
  readonly refusals = new Set<string>()
  readonly #events: readonly Pdu[]
  readonly #random: Random
  #next = 0

  constructor(events: readonly Pdu[], random: Random) {
    this.#events = events
    this.#random = random
  }

  get isDone(): boolean {
    return this.#next >= this.#events.length
  }

  /** Sends until all is acknowledged or it is to stop. */
  async send(way: Way): Promise<void> {
    while (!this.isDone && !way.stop.aborted) {
      const some = this.#events.slice(this.#next, this.#next + 1 + this.#random(5))
      if (await this.#request(some, this.#random(3) === 0, way)) this.#next += some.length
      else {
        this.retries++
        await pause(RETRY_MS, undefined, { signal: way.stop }).catch(() => undefined)
      }
    }
  }

  /** Whether all of these were acknowledged. */
  async #request(events: readonly Pdu[], isAsync: boolean, way: Way): Promise<boolean> {
    const failure = await this.#post(events, isAsync, way)
    if (failure === undefined) return false
    if (failure !== '') {
      this.refusals.add(failure)
      // It tells of the first that failed; each is asked about alone then.
      if (events.length > 1) {
        for (const event of events) if (!(await this.#request([event], false, way))) return false
        return true
      }
      if (MISSING.test(failure)) return false
      if (!REJECTED.test(failure)) this.surprises.push(failure)
    }
    if (!isAsync) for (const event of events) this.decided.add(event)
    return true
  }

  /** `ErrMsg` of the answer; undefined: there was none, or it was to come again later. */
  async #post(events: readonly Pdu[], isAsync: boolean, way: Way): Promise<string | undefined> {
    const body = JSON.stringify({
      input_room_events: events.map(inputOf),
      async: isAsync,
      virtual_host: '',
    })
    try {
      const signal = AbortSignal.timeout(way.givesUpAfterMs?.() ?? TIMEOUT_MS)
      const path = `${way.url()}/api/roomserver/inputRoomEvents`
      const response = await fetch(path, { method: 'POST', body, signal })
      if (response.ok) return ((await response.json()) as InputRoomEventsResponse).ErrMsg
      this.refusals.add(await response.text())
    } catch {
      // No answer, which tells nothing.
    }
    return undefined
  }
}

const REJECTED = /\(rule .+\)$/
const MISSING =
  /^missing |does not exist for event|^the database cannot be used|^room .*other processes|is stopping$|is waiting$|^no user of this server/

function inputOf({ eventId, json, rules }: Pdu) {
  return {
    kind: InputKind.new,
    event: { ...(JSON.parse(json) as object), _event_id: eventId, _room_version: rules.version },
    origin: '',
    has_state: false,
    state_event_ids: [],
    send_as_server: '',
    transaction_id: null,
  }
}
