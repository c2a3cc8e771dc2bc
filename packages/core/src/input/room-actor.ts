import {
  type CommitResult,
  drive,
  isFailure,
  newRoom,
  NO_NID,
  type RoomId,
  type RoomRecord,
  RoomserverError,
  type RoomVersionId,
} from '@roomserver/types'
import { roomVersion } from '@roomserver/version'
import type { PolicyServer } from '@roomserver/events'
import { Draft } from '../decide/draft.ts'
import { RoomReads } from '../decide/room-reads.ts'
import { yieldToEventLoop } from '../view/run.ts'
import { View } from '../view/view.ts'
import type { ActorParts, Job } from './actor-parts.ts'
import { publishToCache } from './publish-to-cache.ts'
import { loadFor, readArrivals } from './load-needs.ts'
import type { RoomStep } from './room-step.ts'
import type { RoomTask } from './room-tasks.ts'
import { overtaken, RoomLease, stepAside } from './room-lease.ts'

/** How many tasks are decided upon and committed together. */
const MAX_BATCH = 128

const IDLE: RoomStep = { kind: 'idle' }

/** How often a write set may lose against another process before the caller is told. */
const MAX_CONFLICTS = 50

/**
 * Decides on one room, one task after another. Tasks that came in while the one before was being committed are decided
 * on top of each other and committed together.
 */
export class RoomActor {
  readonly roomId: RoomId
  readonly #parts: ActorParts
  readonly #queue: Job[] = []
  readonly #lease: RoomLease
  #room: RoomRecord | undefined
  /** The revision of the room at which a user of ours is certainly in it. */
  #notDepartedAt: number | undefined
  /** The policy server of the room at some revision. */
  #policyAt: { readonly revision: number; readonly policy: PolicyServer | undefined } | undefined
  #step: RoomStep = IDLE
  #stepSince = 0
  #isRunning = false
  /** Whether new events are assumed to be unknown, which saves a read; not while stored events keep arriving. */
  #assumes = true
  bytes = 0

  constructor(roomId: RoomId, parts: ActorParts) {
    this.roomId = roomId
    this.#parts = parts
    this.#lease = new RoomLease(parts, roomId)
  }

  get isIdle(): boolean {
    return !this.#isRunning && this.#queue.length === 0
  }

  get queued(): number {
    return this.#queue.length
  }

  /** What it is doing, and since when (ms since the epoch). */
  get step(): { readonly now: RoomStep; readonly since: number } {
    return { now: this.#step, since: this.#stepSince }
  }

  push(job: Job): void {
    this.bytes += job.task.bytes
    this.#queue.push(job)
  }

  /** Works until nothing waits any more. */
  async run(): Promise<void> {
    if (this.#isRunning) return
    this.#isRunning = true
    while (this.#queue.length > 0) await this.#nextBatch()
    this.#enter(IDLE)
    this.#isRunning = false
  }

  async #nextBatch(): Promise<void> {
    let batch: readonly Job[] = []
    try {
      this.#enter({ kind: 'reading-room' })
      this.#room ??= await this.#parts.store.room(this.roomId)
      batch = this.#queue.splice(0, this.#batchSize())
      const begun = performance.now()
      for (const { observe, queuedAt } of batch) observe?.('queue', queuedAt, begun)
      await this.#process(batch)
    } catch (error) {
      if (batch.length === 0) batch = this.#queue.splice(0, 1)
      this.#room = undefined
      for (const job of batch) job.reject(error)
    }
    await this.#lease.end(this.#room?.revision ?? 0)
    for (const { task } of batch) this.bytes -= task.bytes
  }

  /** Tries a batch until it is committed; where it fails as a whole, each task is tried alone. */
  async #process(batch: readonly Job[]): Promise<void> {
    let jobs = batch
    let conflicts = 0
    while (jobs.length > 0) {
      const tried = await this.#try(jobs)
      if (tried.kind === 'done') return
      if (tried.kind === 'without') {
        jobs = jobs.filter((job) => job !== tried.job)
      } else if (tried.kind === 'failed') {
        this.#room = undefined
        if (jobs.length === 1) throw tried.error
        for (const job of jobs) await this.#process([job]).catch((error: unknown) => job.reject(error))
        return
      } else if (tried.kind === 'wrong') {
        this.#assumes = false
        this.#parts.newStateKeys.wereWrong()
        this.#room = undefined
      } else {
        this.#parts.counters.conflicts++
        this.#room = undefined
        if (++conflicts > MAX_CONFLICTS) throw overtaken(this.roomId)
        if (tried.over === 'room') this.#lease.onConflict()
        else if (conflicts > 2) await stepAside(conflicts)
      }
    }
  }

  async #try(
    jobs: readonly Job[],
  ): Promise<
    | { readonly kind: 'done' }
    | { readonly kind: 'wrong' }
    | Extract<CommitResult, { kind: 'conflict' }>
    | { readonly kind: 'failed'; readonly error: unknown }
    | { readonly kind: 'without'; readonly job: Job }
  > {
    const { parts, draft } = await this.#begin(jobs)
    const load = loadFor(draft, parts.nids)
    const results: unknown[] = []
    for (const job of jobs) {
      if (!parts.deciding.isFree) await parts.deciding.rest()
      this.#enter({ kind: 'deciding', task: job.task.name, eventId: job.task.arrival?.eventId })
      const begun = performance.now()
      try {
        results.push(await drive(job.task.decide(draft), load, yieldToEventLoop))
        job.observe?.('decide', begun, performance.now())
      } catch (error) {
        job.observe?.('decide', begun, performance.now(), failureName(error))
        job.reject(error)
        return { kind: 'without', job }
      }
    }
    const settled = jobs
      .map(({ task }, index) => task.settles?.(results[index]))
      .filter((position) => position !== undefined)
    if (draft.isUnproven) return { kind: 'wrong' }
    if (draft.isEmpty) {
      if (draft.isAssuming) return { kind: 'wrong' }
      if (draft.read.revision === 0) parts.nids.giveBack(draft.read.nid)
      if (settled.length > 0) await parts.store.dropInbox(settled)
    } else {
      this.#enter({ kind: 'committing' })
      const writeSet = draft.writeSet(settled)
      const { nid, revision } = draft.read
      parts.cache.rooms.onCommit({ nid, revision: revision + 1 })
      const begun = performance.now()
      const result = await parts.committer.commit(writeSet)
      const ended = performance.now()
      for (const { observe } of jobs) observe?.('commit', begun, ended, failureOfCommit(result))
      if (result.kind !== 'committed') {
        parts.cache.rooms.onConflict(draft.read)
        return result.kind === 'conflict' && draft.isWrong(result.over) ? { kind: 'wrong' } : result
      }
      this.#room = publishToCache(parts, draft, writeSet, result.revision)
      if (writeSet.outputs.length > 0) for (const { task } of jobs) task.committed?.(this.#room.outputSeq)
      const hasLeft = writeSet.memberships.some(({ local, membership }) => local && membership !== 'join')
      this.#notDepartedAt = draft.reads.hasNotDeparted === true && !hasLeft ? result.revision : undefined
      this.#enter({ kind: 'answering' })
    }
    this.#keepPolicy(draft)
    jobs.forEach((job, index) => job.resolve(results[index]))
    return { kind: 'done' }
  }

  /** The policy server is the same until the state changes, or what it holds is redacted. */
  #keepPolicy({ policies, room: { current } }: Draft): void {
    const revision = this.#room?.revision
    const isKnown = revision !== undefined && policies.has(current)
    this.#policyAt = isKnown ? { revision, policy: policies.get(current) } : undefined
  }

  async #begin(jobs: readonly Job[]): Promise<{ readonly parts: ActorParts; readonly draft: Draft }> {
    const parts = this.#parts
    if (this.#lease.isNeeded) {
      this.#enter({ kind: 'waiting-for-processes' })
      this.#room = await this.#lease.take()
    }
    this.#enter({ kind: 'reading-room' })
    this.#room ??= await parts.store.room(this.roomId)
    const room = await this.#roomFor(jobs[0]?.task)
    const rules = roomVersion(room.version)
    if (rules === undefined) throw unsupported(room.version)
    parts.cache.rooms.onRead(room)
    const view = new View(parts.cache, room.nid)
    const reads = new RoomReads(parts.reader, room.nid)
    if (this.#notDepartedAt === room.revision) reads.setNotDeparted()
    const draft = new Draft(parts, view, reads, rules, room)
    if (this.#policyAt?.revision === room.revision) draft.policies.set(room.current, this.#policyAt.policy)
    this.#enter({ kind: 'reading-references' })
    const assumes = this.#assumes && room.revision > 0
    const isAnyStored = await readArrivals(draft, jobs, assumes, parts)
    if (!draft.isAssuming) this.#assumes = !isAnyStored
    return { parts, draft }
  }

  /** Tasks that can be decided on one draft. A create event of a room without state may settle its version: alone. */
  #batchSize(): number {
    if (isKnown(this.#room)) return MAX_BATCH
    const create = this.#queue.slice(0, MAX_BATCH).findIndex((job) => job.task.settlesVersion)
    return this.#room === undefined || create === 0 ? 1 : create < 0 ? MAX_BATCH : create
  }

  /** The room as it is stored, or a new one; what it is of a room that has no state yet, a create event says best. */
  async #roomFor(task: RoomTask<unknown> | undefined): Promise<RoomRecord> {
    const version = task?.version ?? ''
    if (this.#room === undefined) return this.#newRoom(version)
    return !isKnown(this.#room) && task?.settlesVersion === true ? { ...this.#room, version } : this.#room
  }

  async #newRoom(version: RoomVersionId): Promise<RoomRecord> {
    const { nids } = this.#parts
    for (;;) {
      const nid = nids.take('room')
      if (nid !== undefined) return newRoom({ nid, roomId: this.roomId, version })
      await nids.fetch('room')
    }
  }

  #enter(step: RoomStep): void {
    this.#step = step
    this.#stepSince = this.#parts.clock.now()
    this.#parts.onStep?.(step, this.roomId)
  }
}

/** Whether a room has a state; all that is known of others is an invite, or some events beside its graph. */
function isKnown(room: RoomRecord | undefined): boolean {
  return room !== undefined && room.current !== NO_NID
}

/** A failure in one word, for whoever observes. */
function failureName(error: unknown): string {
  return isFailure(error) ? error.code : 'unexpected'
}

function failureOfCommit(result: CommitResult): string | undefined {
  if (result.kind === 'failed') return failureName(result.error)
  return result.kind === 'conflict' ? 'conflict' : undefined
}

function unsupported(version: RoomVersionId): RoomserverError {
  return new RoomserverError('UNSUPPORTED_ROOM_VERSION', { version }, `room version ${version} is not known`)
}
