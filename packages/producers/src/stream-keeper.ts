import { setTimeout as wait } from 'node:timers/promises'
import type {
  Clock,
  DeliveredRetention,
  DeliveryStore,
  Logger,
  OutputEpoch,
  StreamRecord,
} from '@roomserver/types'
import type { StreamAccess, StreamConsumer, StreamState } from './bus.ts'
import {
  compareStream,
  consumersOf,
  firstUnread,
  type KnownStream,
  type LossReason,
  type StreamChange,
  type StreamFinding,
  streamFindings,
} from './compare-stream.ts'

/** Rows moved or deleted in one transaction; others have the database in between. */
const SLICE = 500
const PAUSE_MS = 20
const TRIM_EVERY_MS = 10_000
/** How long the servers of a cluster have to agree on how the stream is, where one says that it lost outputs. */
const SECOND_LOOK_MS = 5_000
/** No relay that is killed leaves so many outputs behind that were sent and not recorded. */
const MOST_UNRECORDED = 100_000

/** Waits; no longer than until `signal` is aborted. */
type Pause = (ms: number, signal?: AbortSignal) => Promise<void>

const pauseByTheClock: Pause = async (ms, signal) => {
  await wait(ms, undefined, { signal, ref: false }).catch(() => undefined)
}

/** Looks whether the message server still has what it was given, and has sent again what it lost. */
export class StreamKeeper {
  readonly #store: DeliveryStore
  readonly #clock: Clock
  readonly #log: Logger
  readonly #pause: Pause
  readonly #said = new Set<string>()
  #epochs: readonly OutputEpoch[] = []
  #findings: readonly StreamFinding[] = []
  /** What the stream has beyond what is known of it, which may be what waits. */
  #beyond: { readonly stream: string; readonly last: number; readonly count: number } | undefined
  #purged = 0
  #resent = 0

  constructor(store: DeliveryStore, clock: Clock, log: Logger, pause: Pause = pauseByTheClock) {
    this.#store = store
    this.#clock = clock
    this.#log = log
    this.#pause = pause
  }

  /** The incarnations of the output log, as of the latest look. */
  get epochs(): readonly OutputEpoch[] {
    return this.#epochs
  }

  /** What is to be said about how the stream is set up. */
  get findings(): readonly StreamFinding[] {
    return this.#findings
  }

  /** Numbers up to this one were purged. */
  get purged(): number {
    return this.#purged
  }

  /** How many outputs were put back to be sent again. */
  get resent(): number {
    return this.#resent
  }

  /**
   * Compares the stream with what is known of it, and has sent again what it lost. Nothing may be on its way, and all that
   * was delivered has to be recorded. May be interrupted at any point: the next look finds what is left to do.
   *
   * @returns whether anything is otherwise than it was known to be
   */
  async look(stream: StreamAccess): Promise<boolean> {
    const found = await this.#compare(stream)
    const isLoss = found.change.kind === 'lost' && found.change.why !== 'purged'
    // A server of a cluster that has just come back may answer for a while before it has got all from the others.
    const isDoubtful = isLoss && found.state.isClustered && found.state.replicas > 1
    if (isDoubtful) await this.#pause(SECOND_LOOK_MS)
    const { change, state, before, count } = isDoubtful ? await this.#compare(stream) : found
    await this.#settle(change, stream, before, state)
    const isOpen = change.kind === 'none' && count > 0 && state.remembersLast
    this.#beyond = isOpen ? { stream: state.name, last: state.last, count } : undefined
    this.#purged = await this.#record(change, state)
    this.#epochs = await this.#store.outputEpochs()
    this.#sayFindings(state)
    return change.kind !== 'none'
  }

  async #compare(stream: StreamAccess) {
    const store = this.#store
    // What another relay delivers meanwhile must make the stream look neither shorter nor longer than it is known to be.
    const before = await this.#known()
    const state = await stream.inspect()
    const most = Math.min(state.last - (before?.last ?? 0), MOST_UNRECORDED)
    const waiting = most > 0 ? await store.countWaitingOutputs(most) : 0
    const after = await this.#known()
    const first = compareStream(before, state, waiting)
    const change = first.kind === 'ahead' ? compareStream(after, state, waiting) : first
    return { change, state, before, count: state.last - (after?.last ?? state.last) }
  }

  /**
   * Hears the numbers that the first outputs sent after a look have in the stream. Where it had some that are not known, a
   * relay was killed before it recorded them, and their repeats have the numbers of the first; or the database was put back.
   */
  async heard(sequences: readonly number[]): Promise<void> {
    const beyond = this.#beyond
    if (beyond === undefined || sequences.length === 0) return
    this.#beyond = undefined
    if (sequences.every((sequence) => sequence > beyond.last))
      await this.#beginEpoch(beyond.stream, beyond.count)
  }

  /** Deletes what was delivered long enough ago, again and again. */
  async trimAllTheTime(retention: DeliveredRetention, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      let isMore = false
      try {
        isMore = (await this.#store.trimDelivered(retention, this.#clock.now(), SLICE)) >= SLICE
      } catch (error) {
        this.#log.warn({ err: error }, 'could not delete old delivered outputs; will retry')
      }
      await this.#pause(isMore ? PAUSE_MS : TRIM_EVERY_MS, signal)
    }
  }

  async #known(): Promise<KnownStream | undefined> {
    const record = await this.#store.streamRecord()
    if (record === undefined) return undefined
    const last = Math.max(record.lastSequence, (await this.#store.deliveredRange()).last)
    return { ...record, last, consumers: consumersIn(record.consumers) }
  }

  async #settle(
    change: StreamChange,
    stream: StreamAccess,
    known: KnownStream | undefined,
    state: StreamState,
  ): Promise<void> {
    if (change.kind === 'lost' && known !== undefined) {
      // Without its consumers the stream would throw away what it is sent again.
      if (known.name === state.name) await this.#restoreConsumers(stream, known, state)
      await this.#sendAgain(change.why, change.from, known.last, state)
    }
    if (change.kind === 'ahead') await this.#beginEpoch(state.name, change.count)
  }

  async #beginEpoch(stream: string, count: number): Promise<void> {
    await this.#store.beginOutputEpoch('database behind the stream', this.#clock.now())
    this.#epochs = await this.#store.outputEpochs()
    this.#log.warn(
      { stream, unknown_outputs: count },
      'the database was put back to an older copy: the message server has outputs that it does not know; a new epoch of outputs begins (docs/operations.md#after-a-restore)',
    )
  }

  async #restoreConsumers(stream: StreamAccess, known: KnownStream, state: StreamState): Promise<void> {
    const there = new Set(state.consumers.map(({ name }) => name))
    const missing = known.consumers.filter(({ name }) => !there.has(name))
    if (missing.length === 0) return
    const failed = await stream.addConsumers(missing)
    const consumers = missing.map(({ name }) => name)
    this.#log.warn({ stream: state.name, consumers }, 'the stream lost consumers; they were created again')
    if (failed.length === 0) return
    this.#log.error(
      { stream: state.name, consumers: failed },
      'could not create consumers again: restart their components, and let them read the rooms again',
    )
  }

  async #sendAgain(reason: LossReason, from: number, last: number, { name }: StreamState): Promise<void> {
    const kept = await this.#store.deliveredRange()
    const outputs = await inSlices((slice) => this.#store.requeueDelivered(from, slice))
    if (reason === 'recreated' || reason === 'emptied') {
      // The numbers of the others are those of a stream that is gone.
      await inSlices((slice) => this.#store.forgetDelivered(slice))
    }
    this.#resent += outputs
    const fields = { stream: name, reason, from_sequence: from, to_sequence: last, outputs }
    if (last >= from)
      this.#log.warn(fields, 'the message server lost outputs; those that are kept are sent again')
    // The oldest go first, so what follows on one that is kept is kept.
    const lost = (kept.first === 0 ? last + 1 : kept.first) - from
    if (lost <= 0) return
    this.#log.error(
      { ...fields, lost },
      'outputs that the message server lost are not kept any more (roomserver.output.keep_delivered_time): let consumers read the rooms again',
    )
  }

  /** Records how the stream is now; returns up to where it was purged. */
  async #record(change: StreamChange, state: StreamState): Promise<number> {
    const record = await this.#store.streamRecord()
    const isFresh = change.kind === 'lost' && (change.why === 'recreated' || change.why === 'emptied')
    const before = isFresh ? 0 : Math.min(record?.purged ?? 0, state.last)
    const purged = change.kind === 'lost' && change.why === 'purged' ? state.first - 1 : before
    const next: StreamRecord = {
      name: state.name,
      created: state.created,
      // Further outputs are known by what is recorded of each.
      lastSequence: change.kind === 'none' && record !== undefined ? record.lastSequence : state.last,
      unread: firstUnread(state),
      purged,
      consumers: JSON.stringify(consumersOf(state)),
    }
    if (JSON.stringify(next) !== JSON.stringify(record)) await this.#store.putStreamRecord(next)
    return purged
  }

  #sayFindings(state: StreamState): void {
    this.#findings = streamFindings(state)
    for (const { code, what, means, remedy } of this.#findings) {
      if (this.#said.has(code)) continue
      this.#said.add(code)
      this.#log.warn({ stream: state.name, remedy }, `${what}: ${means}`)
    }
  }
}

/** What cannot be read is written anew. */
function consumersIn(text: string): readonly StreamConsumer[] {
  try {
    return JSON.parse(text) as readonly StreamConsumer[]
  } catch {
    return []
  }
}

async function inSlices(work: (slice: number) => Promise<number>): Promise<number> {
  let sum = 0
  for (;;) {
    const count = await work(SLICE)
    sum += count
    if (count < SLICE) return sum
  }
}
