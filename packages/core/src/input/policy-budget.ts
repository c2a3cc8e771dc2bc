import type { Clock, RoomId } from '@roomserver/types'
import type { PolicyAnswer } from '../ports.ts'
import { keepLatest } from '../view/keep-latest.ts'
import type { PolicyLimits } from './policy-limits.ts'

/** What came of asking: an answer, or why there is none. */
export type Asked =
  | PolicyAnswer
  | { readonly kind: 'unreachable'; readonly reason: string; readonly wasAsked: boolean }

/** How many policy servers are remembered that did not answer. */
const MAX_SILENT = 1_000

interface RoomBudget {
  running: number
  readonly waiting: (() => void)[]
}

/**
 * Bounds what asking policy servers takes: so many questions of one room at once, so many that wait, so much time for each,
 * and a rest for a server that did not answer. A room has a budget of its own, so that a policy server that is slow, or
 * holds answers back, holds up its own room only.
 */
export class PolicyBudget {
  readonly #clock: Clock
  readonly #limits: PolicyLimits
  readonly #rooms = new Map<RoomId, RoomBudget>()
  readonly #silentUntil = new Map<string, number>()
  #waiting = 0

  constructor(clock: Clock, limits: PolicyLimits) {
    this.#clock = clock
    this.#limits = limits
  }

  /** Asks when the room's turn has come. Never rejects. */
  async spend(
    roomId: RoomId,
    server: string,
    ask: (signal: AbortSignal) => Promise<PolicyAnswer>,
  ): Promise<Asked> {
    if (this.#isSilent(server)) return unreachable('it did not answer a moment ago')
    const room = this.#rooms.get(roomId) ?? { running: 0, waiting: [] }
    const { atOncePerRoom, maxWaiting, maxWaitingPerRoom, timeoutMs } = this.#limits
    if (room.waiting.length >= maxWaitingPerRoom || this.#waiting >= maxWaiting) {
      return unreachable('too many events wait for it')
    }
    this.#rooms.set(roomId, room)
    this.#waiting++
    const timeout = new AbortController()
    const timer = setTimeout(() => timeout.abort(), timeoutMs)
    try {
      if (room.running >= atOncePerRoom) await turnIn(room, timeout.signal)
      if (timeout.signal.aborted) return unreachable(`its answers take more than ${timeoutMs} ms`)
      if (this.#isSilent(server)) return unreachable('it did not answer a moment ago')
      room.running++
      try {
        return await Promise.race([ask(timeout.signal), whenAborted(timeout.signal, timeoutMs)])
      } catch (error) {
        const until = this.#clock.now() + this.#limits.restMs
        keepLatest(this.#silentUntil, server, until, MAX_SILENT)
        return { ...unreachable(error instanceof Error ? error.message : String(error)), wasAsked: true }
      } finally {
        room.running--
        room.waiting.shift()?.()
      }
    } finally {
      clearTimeout(timer)
      this.#waiting--
      if (room.running === 0 && room.waiting.length === 0) this.#rooms.delete(roomId)
    }
  }

  #isSilent(server: string): boolean {
    return (this.#silentUntil.get(server) ?? 0) > this.#clock.now()
  }
}

function turnIn(room: RoomBudget, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    room.waiting.push(resolve)
    signal.addEventListener('abort', () => {
      const at = room.waiting.indexOf(resolve)
      if (at >= 0) room.waiting.splice(at, 1)
      resolve()
    })
  })
}

function whenAborted(signal: AbortSignal, timeoutMs: number): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error(`no answer within ${timeoutMs} ms`)))
  })
}

function unreachable(reason: string): Extract<Asked, { kind: 'unreachable' }> {
  return { kind: 'unreachable', reason, wasAsked: false }
}
