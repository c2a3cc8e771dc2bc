import { type RoomId, RoomserverError } from '@roomserver/types'
import type { ActorParts } from './actor-parts.ts'
import { RoomActor } from './room-actor.ts'
import { Quarantine } from './quarantine.ts'
import { stepText } from './room-step.ts'
import type { RoomTask } from './room-tasks.ts'

/** How much may wait, over all rooms and in one. */
export interface RoomLimits {
  /** Bytes of events that wait or are being decided upon, over all rooms. */
  readonly maxBytesInFlight: number
  /** The same in one room, so that a flood there leaves space for others; half of all at the most. */
  readonly maxRoomBytesInFlight: number
  /** Rooms whose actors are kept at hand while nothing waits for them. */
  readonly maxIdleRooms: number
  /** After how long a step of a decision is reported as stuck. */
  readonly stuckAfterMs: number
  /** For how long a room is set aside after a fault. */
  readonly quarantineMs: number
  /** With more extremities than this a room is over the limit. */
  readonly maxExtremities: number
}

/** The limits of queues and rooms unless others are given. */
export const DEFAULT_ROOM_LIMITS: RoomLimits = {
  maxBytesInFlight: 64 * 1024 * 1024,
  maxRoomBytesInFlight: 32 * 1024 * 1024,
  maxIdleRooms: 5000,
  stuckAfterMs: 30_000,
  quarantineMs: 600_000,
  maxExtremities: Number.POSITIVE_INFINITY,
}

const RETRY_AFTER_MS = 1000
const WATCH_EVERY_MS = 5000

/** The rooms that are worked on: one actor each, independent of one another, bounded together. */
export class Rooms {
  readonly #parts: ActorParts
  readonly #limits: RoomLimits
  readonly #actors = new Map<RoomId, RoomActor>()
  readonly #running = new Map<RoomActor, Promise<void>>()
  readonly #quarantine: Quarantine
  readonly #watch: NodeJS.Timeout
  #bytes = 0
  #isClosing = false
  #isClosed = false

  constructor(parts: ActorParts, limits: RoomLimits) {
    this.#parts = parts
    const maxRoomBytesInFlight = Math.min(limits.maxRoomBytesInFlight, limits.maxBytesInFlight / 2)
    this.#limits = { ...limits, maxRoomBytesInFlight }
    this.#quarantine = new Quarantine(parts, limits.quarantineMs)
    this.#watch = setInterval(() => this.#reportStuck(), WATCH_EVERY_MS)
    this.#watch.unref()
  }

  /** Bytes of tasks that wait or are being decided upon. */
  get bytesInFlight(): number {
    return this.#bytes
  }

  /** Rooms that are worked on at present, with the step that each is at, in words. */
  get busy(): readonly {
    readonly roomId: RoomId
    readonly step: string
    readonly since: number
    readonly queued: number
  }[] {
    return [...this.#running.keys()].map(({ roomId, step, queued }) => ({
      roomId,
      step: stepText(step.now),
      since: step.since,
      queued,
    }))
  }

  /** Whether nothing new is taken any more. */
  get isClosing(): boolean {
    return this.#isClosing
  }

  get quarantine(): Quarantine {
    return this.#quarantine
  }

  /**
   * Makes sure that a room takes more tasks.
   *
   * @throws {RoomserverError} OVERLOADED, ROOM_QUARANTINED or SHUTTING_DOWN
   */
  admit(roomId: RoomId): void {
    if (this.#isClosing) throw stopping()
    this.#quarantine.check(roomId)
    const { maxBytesInFlight, maxRoomBytesInFlight } = this.#limits
    if (this.#bytes >= maxBytesInFlight) throw overloaded('input')
    if ((this.#actors.get(roomId)?.bytes ?? 0) >= maxRoomBytesInFlight) throw overloaded(`input to ${roomId}`)
  }

  /**
   * Decides on a task after those that are in the room's queue, and commits what was decided. Queued at once: tasks
   * given in order are decided in order.
   *
   * @throws {RoomserverError} what {@link Rooms.admit} throws, and STORE_UNAVAILABLE
   */
  run<Result>(task: RoomTask<Result>): Promise<Result> {
    this.admit(task.roomId)
    return this.runAdmitted(task)
  }

  /**
   * {@link Rooms.run} for a caller that was admitted and itself bounds how much it has under way.
   *
   * @throws {RoomserverError} SHUTTING_DOWN when the queues have ended meanwhile: nothing was stored
   */
  runAdmitted<Result>(task: RoomTask<Result>): Promise<Result> {
    if (this.#isClosed) return Promise.reject(stopping())
    const actor = this.#actorOf(task.roomId)
    this.#bytes += task.bytes
    const done = new Promise<Result>((resolve, reject) => {
      actor.push({
        task,
        queuedAt: performance.now(),
        observe: this.#parts.observer?.task?.(task.roomId),
        resolve: (result) => resolve(result as Result),
        reject,
      })
    })
    this.#start(actor)
    return done.then(
      (result) => {
        this.#settle(task)
        this.#quarantine.forgive(task.roomId)
        return result
      },
      (error: unknown) => {
        this.#settle(task)
        this.#quarantine.note(task.roomId, task.name, error)
        throw error
      },
    )
  }

  /**
   * Takes no new tasks and waits for those that are queued.
   *
   * @param admitted - resolves when what was admitted before and is not queued yet has been queued
   */
  async close(admitted?: () => Promise<void>): Promise<void> {
    this.#isClosing = true
    clearInterval(this.#watch)
    await admitted?.()
    while (this.#running.size > 0) await Promise.all(this.#running.values())
    this.#isClosed = true
  }

  #settle(task: RoomTask<unknown>): void {
    this.#bytes -= task.bytes
  }

  #actorOf(roomId: RoomId): RoomActor {
    const actor = this.#actors.get(roomId) ?? new RoomActor(roomId, this.#parts)
    this.#actors.delete(roomId)
    this.#actors.set(roomId, actor)
    return actor
  }

  #start(actor: RoomActor): void {
    if (this.#running.has(actor)) return
    const run = actor.run().finally(() => {
      this.#running.delete(actor)
      if (actor.isIdle) this.#dropIdle()
      else this.#start(actor)
    })
    this.#running.set(actor, run)
  }

  #dropIdle(): void {
    if (this.#actors.size <= this.#limits.maxIdleRooms) return
    for (const [roomId, actor] of this.#actors) {
      if (actor.isIdle) this.#actors.delete(roomId)
      if (this.#actors.size <= this.#limits.maxIdleRooms) return
    }
  }

  #reportStuck(): void {
    const now = this.#parts.clock.now()
    for (const { roomId, step, since, queued } of this.busy) {
      if (now - since < this.#limits.stuckAfterMs) continue
      this.#parts.log.warn({ room_id: roomId, step, waited_ms: now - since, queued }, 'a room is stuck')
    }
  }
}

function stopping(): RoomserverError {
  return new RoomserverError('SHUTTING_DOWN', {}, 'the server is stopping')
}

function overloaded(what: string): RoomserverError {
  return new RoomserverError(
    'OVERLOADED',
    { what, retryAfterMs: RETRY_AFTER_MS },
    `too much ${what} is queued; try again later`,
  )
}
