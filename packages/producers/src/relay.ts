import type { Clock, Delivered, DeliveredRetention, DeliveryStore, Logger } from '@roomserver/types'
import type { Bus } from './bus.ts'
import { PublishChain } from './chain.ts'
import { Deliveries } from './deliveries.ts'
import {
  messageId,
  type OutboxRow,
  type OutboxSource,
  type OutputMessage,
  type RenderOutput,
} from './outbox.ts'
import { pendingOutputs } from './pending.ts'
import type { StreamFinding } from './compare-stream.ts'
import { StreamKeeper } from './stream-keeper.ts'
import { WakeUp } from './wake-up.ts'

/** What the relay needs of others. */
export interface RelayDeps<Row extends OutboxRow> {
  readonly source: OutboxSource<Row>
  readonly render: RenderOutput<Row>
  /** Opens the bus; called again, after a pause, as long as it fails and whenever the bus is lost. */
  readonly connect: () => Promise<Bus>
  /** Where delivered outputs are kept; left out: what the message server loses is lost. */
  readonly deliveries?: DeliveryStore
  /** Names the bus for operators, without secrets. */
  readonly place?: string
  readonly clock: Clock
  readonly log: Logger
}

/** How fast a relay works: sizes of its steps and pauses between them, in ms. */
export interface RelayOptions {
  /** Messages on their way at once. */
  readonly window: number
  /** Rows read and dropped at once. */
  readonly batch: number
  /** How often to look for what other processes wrote. */
  readonly pollMs: number
  /** Pause after a failure; doubles up to ten times of it. */
  readonly pauseMs: number
  /** How often to compare the stream with what it was given, besides on every connection. */
  readonly lookMs: number
  readonly keepDelivered: DeliveredRetention
}

/** The settings of a relay unless others are given. */
export const RELAY_DEFAULTS: RelayOptions = {
  window: 64,
  batch: 256,
  pollMs: 200,
  pauseMs: 100,
  lookMs: 10_000,
  keepDelivered: { maxAgeMs: 24 * 3_600_000, maxBytes: 1024 ** 3 },
}

/** How the relay is doing, for health checks and metrics. */
export interface RelayStatus {
  /** Whether there is a connection, and the stream took what was last sent to it or asked of it. */
  readonly isConnected: boolean
  /** Whether the stream was there once, so that consumers can be made on it. */
  readonly isOpened: boolean
  /** Since when outputs wait without any being delivered; undefined: none waits. */
  readonly behindSinceMs?: number
  readonly delivered: number
  /** Rooms with an output that the bus cannot take; theirs stay in the outbox. */
  readonly setAside: readonly string[]
  /** Outputs that the message server lost and that were put back to be sent again. */
  readonly resent: number
  /** What is to be said about how the stream is set up. */
  readonly findings: readonly StreamFinding[]
  readonly lastFailure?: string
}

/** How long what was sent stays in the outbox at the most while nothing else comes with whose reading it would go. */
const DROP_AFTER_MS = 20

/** A running relay. Disposing of it ends the round that is under way, then the connection. */
export interface OutboxRelay extends AsyncDisposable {
  /** Says that something was committed. */
  wake(): void
  status(): RelayStatus
  /** Resolves when the outbox was seen empty after this call, or the time is over; tells which. */
  drained(timeoutMs: number): Promise<boolean>
  /**
   * Resolves when the bus has stored an output of a room, or the time is over; tells which. At once where that would take
   * long: without a connection, or with more waiting than goes out together.
   */
  delivered(roomId: string, seq: number, timeoutMs: number): Promise<boolean>
}

/**
 * Sends what waits in the outbox to the bus, room by room in order, and takes it out of there once the bus has stored it.
 * A crash between the two sends it again under the same message ID, and so does a bus that lost what it had stored; under that of
 * {@link messageIdInPlaceOf} where the bus would drop it as a repeat. Goes on for ever: what cannot be delivered waits.
 * One relay of an outbox at a time: two do no harm, as both send the same in the same order, but get in each other's way.
 */
export function startOutboxRelay<Row extends OutboxRow>(
  deps: RelayDeps<Row>,
  options: Partial<RelayOptions> = {},
): OutboxRelay {
  const relay = new Relay(deps, { ...RELAY_DEFAULTS, ...options })
  const running = relay.run()
  return {
    wake: () => relay.wakeUp.call(),
    status: () => relay.status(),
    drained: (timeoutMs) => relay.drained(timeoutMs),
    delivered: (roomId, seq, timeoutMs) => relay.delivered(roomId, seq, timeoutMs),
    [Symbol.asyncDispose]: async () => {
      relay.stop.abort()
      relay.wakeUp.call()
      await relay.hangUp()
      await running
    },
  }
}

/** The stream may be gone, which opening it again resolves. */
const FAILURES_BEFORE_NEW_CONNECTION = 5

class Relay<Row extends OutboxRow> {
  readonly stop = new AbortController()
  readonly wakeUp = new WakeUp()
  /** Called when the connection is back. */
  readonly #back = new WakeUp()
  readonly #deps: RelayDeps<Row>
  readonly #options: RelayOptions
  readonly #setAside = new Set<string>()
  readonly #whenEmpty = new Set<() => void>()
  readonly #deliveries = new Deliveries()
  #bus: Bus | undefined
  #chain: PublishChain | undefined
  /** What the bus has stored and is to be recorded. */
  #sent: readonly Delivered[] = []
  readonly #keeper: StreamKeeper | undefined
  /** When the stream was looked at, and how much had happened to it by then. */
  #looked = { at: Number.NEGATIVE_INFINITY, upsets: 0 }
  #isOpened = false
  /** Whether more waits than goes out together. */
  #isBehind = false
  #delivered = 0
  #behindSinceMs: number | undefined
  #lastFailure: string | undefined
  #failures = 0
  /** Whether it was said that the bus cannot be used. */
  #isAway = false

  constructor(deps: RelayDeps<Row>, options: RelayOptions) {
    this.#deps = deps
    this.#options = options
    const { deliveries, clock, log } = deps
    this.#keeper = deliveries && new StreamKeeper(deliveries, clock, log)
  }

  async run(): Promise<void> {
    const trimming = this.#keeper?.trimAllTheTime(this.#options.keepDelivered, this.stop.signal)
    while (!this.stop.signal.aborted) {
      try {
        const isMore = await this.#round()
        this.#failures = 0
        this.#sayConnection()
        if (!isMore) await this.wakeUp.wait(this.#idleMs)
      } catch (error) {
        await this.#failed(error)
      }
    }
    // What stays is sent again, under the same IDs.
    await this.#recordSent().catch(() => undefined)
    await this.#disconnect()
    await trimming
  }

  get #idleMs(): number {
    const { pollMs } = this.#options
    return this.#sent.length > 0 ? Math.min(DROP_AFTER_MS, pollMs) : pollMs
  }

  /** Cuts a wait for a bus that does not answer short. */
  async hangUp(): Promise<void> {
    if (this.#bus?.isConnected === false) await this.#disconnect()
  }

  status(): RelayStatus {
    return {
      isConnected: this.#bus?.isConnected === true && !this.#isAway,
      isOpened: this.#isOpened,
      delivered: this.#delivered,
      setAside: [...this.#setAside],
      resent: this.#keeper?.resent ?? 0,
      findings: this.#keeper?.findings ?? [],
      ...(this.#behindSinceMs !== undefined && { behindSinceMs: this.#behindSinceMs }),
      ...(this.#lastFailure !== undefined && { lastFailure: this.#lastFailure }),
    }
  }

  async drained(timeoutMs: number): Promise<boolean> {
    const empty = Promise.withResolvers<boolean>()
    const isEmpty = () => empty.resolve(true)
    this.#whenEmpty.add(isEmpty)
    const timer = setTimeout(() => empty.resolve(false), timeoutMs)
    this.wakeUp.call()
    const result = await empty.promise
    clearTimeout(timer)
    this.#whenEmpty.delete(isEmpty)
    return result
  }

  async delivered(roomId: string, seq: number, timeoutMs: number): Promise<boolean> {
    const isSlow = this.#isBehind || this.#failures > 0 || this.#bus?.isConnected !== true
    if (isSlow || this.#setAside.has(roomId)) return await this.#deliveries.wait(roomId, seq, 0)
    return await this.#deliveries.wait(roomId, seq, timeoutMs)
  }

  /** Records what the round before has sent and sends one batch. Tells whether there may be more. */
  async #round(): Promise<boolean> {
    const { source } = this.#deps
    const bus = await this.#connected()
    await this.#lookAtStream(bus)
    const chain = (this.#chain ??= new PublishChain(bus, this.#options.window, this.#keeper?.purged))
    const waiting = [...this.#whenEmpty]
    const { batch } = this.#options
    const rows = await pendingOutputs(source, this.#sent, batch, (roomId) => this.#setAside.has(roomId))
    this.#sent = []
    this.#isBehind = rows.length >= batch
    if (rows.length === 0) {
      this.#behindSinceMs = undefined
      for (const isEmpty of waiting) isEmpty()
      return false
    }
    this.#behindSinceMs ??= this.#deps.clock.now()
    const sendable = this.#sendable(rows)
    const { acknowledged, sequences, failure } = await chain.publish(sendable.map(({ message }) => message))
    if (acknowledged > 0) {
      const stored = sendable.slice(0, acknowledged).map(({ row }) => row)
      this.#sent = stored.map(({ position }, index) => ({ position, sequence: sequences[index] ?? 0 }))
      this.#delivered += acknowledged
      this.#deliveries.add(stored)
      this.#behindSinceMs = this.#deps.clock.now()
    }
    await this.#keeper?.heard(sequences)
    if (failure !== undefined) throw failure
    // What was committed meanwhile has called; only waiting for an empty outbox takes another look.
    return rows.length >= batch || this.#whenEmpty.size > 0
  }

  /** On a new connection, after a failure, when somebody removed messages, and from time to time. */
  async #lookAtStream({ stream }: Bus): Promise<void> {
    if (this.#keeper === undefined || stream === undefined) return
    const { upsets } = stream
    const now = this.#deps.clock.now()
    const isDue = upsets !== this.#looked.upsets || now - this.#looked.at >= this.#options.lookMs
    if (!isDue) return
    await this.#recordSent()
    if (await this.#keeper.look(stream)) this.#chain = undefined
    this.#looked = { at: now, upsets }
  }

  async #recordSent(): Promise<void> {
    const sent = this.#sent
    if (sent.length === 0) return
    await this.#deps.source.recordDelivered(sent)
    this.#sent = []
  }

  /** Renders rows; a room with one that the bus can never take is set aside from there on, and the others go on. */
  #sendable(rows: readonly Row[]): readonly { row: Row; message: OutputMessage }[] {
    const sendable: { row: Row; message: OutputMessage }[] = []
    for (const row of rows) {
      if (this.#setAside.has(row.roomId)) continue
      const reason = this.#prepare(row, sendable)
      if (reason === undefined) continue
      this.#setAside.add(row.roomId)
      this.#deps.log.error(
        { room_id: row.roomId, seq: row.seq, reason },
        'quarantined outputs of a room: the message server cannot store one of them',
      )
    }
    return sendable
  }

  #prepare(row: Row, sendable: { row: Row; message: OutputMessage }[]): string | undefined {
    try {
      const payload = this.#deps.render(row)
      const bytes = Buffer.byteLength(payload)
      const limit = this.#bus?.maxPayloadBytes ?? Number.POSITIVE_INFINITY
      if (bytes > limit) return `the output has ${bytes} bytes, the limit of the message server is ${limit}`
      sendable.push({
        row,
        message: { id: messageId(row, this.#keeper?.epochs), roomId: row.roomId, payload },
      })
      return undefined
    } catch (error) {
      return String(error)
    }
  }

  async #disconnect(): Promise<void> {
    const bus = this.#bus
    this.#bus = undefined
    this.#chain = undefined
    this.#looked = { at: Number.NEGATIVE_INFINITY, upsets: 0 }
    try {
      await bus?.close()
    } catch (error) {
      // It is not used any more, whatever it says; the next one is opened all the same.
      this.#deps.log.debug({ error: String(error) }, 'could not close the connection to the message server')
    }
  }

  async #connected(): Promise<Bus> {
    if (this.#bus !== undefined) return this.#bus
    this.#bus = await this.#deps.connect()
    this.#bus.onReconnect = () => {
      this.#back.call()
      this.wakeUp.call()
    }
    this.#isOpened = true
    if (!this.#isAway) this.#deps.log.info(this.#place, 'connected to the message server')
    return this.#bus
  }

  get #place(): { readonly message_server?: string } {
    const { place } = this.#deps
    return place === undefined ? {} : { message_server: place }
  }

  /** Says once that the bus is away, also where nothing is to be sent, and once that it is back. */
  #sayConnection(): void {
    const isConnected = this.#bus?.isConnected === true
    if (!isConnected && !this.#isAway) this.#sayAway('the connection was lost')
    if (isConnected && this.#isAway) {
      this.#isAway = false
      this.#deps.log.info(this.#place, 'the message server can be used again')
    }
  }

  #sayAway(reason: string): void {
    this.#isAway = true
    this.#deps.log.warn(
      { ...this.#place, reason, attempts: this.#failures },
      'outputs are queued: message server unavailable; will retry',
    )
  }

  /** What failed before it had read what waits must not look as if nothing did. */
  async #noteWaiting(): Promise<void> {
    if (this.#behindSinceMs !== undefined) return
    const { source, clock } = this.#deps
    const rows = await source.waitingOutputs(0, this.#options.batch).catch(() => [])
    if (rows.some(({ roomId }) => !this.#setAside.has(roomId))) this.#behindSinceMs = clock.now()
  }

  async #failed(error: unknown): Promise<void> {
    this.#failures++
    this.#looked = { ...this.#looked, at: Number.NEGATIVE_INFINITY }
    this.#deliveries.giveUp()
    this.#lastFailure = error instanceof Error ? error.message : String(error)
    if (!this.#isAway || this.#failures % 180 === 0) this.#sayAway(this.#lastFailure)
    await this.#noteWaiting()
    if (this.#bus?.isClosed === true || this.#failures % FAILURES_BEFORE_NEW_CONNECTION === 0) {
      await this.#disconnect()
    }
    const pauseMs = this.#options.pauseMs * Math.min(10, 2 ** Math.min(this.#failures - 1, 4))
    // The stream has to be looked at before consumers go on reading, if that is possible.
    await this.#back.wait(pauseMs, this.stop.signal)
  }
}
