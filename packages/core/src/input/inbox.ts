import type { InputRoomEvent } from '@roomserver/api'
import { isFailure, type Logger, type LoopShare, NO_NID, RoomserverError } from '@roomserver/types'
import type { Outcome } from '../decide/event-input.ts'
import type { InboxItem, InboxStore, RecordStore } from '../ports.ts'
import { isWanting } from './event-task.ts'
import { failureOf } from './outcome-text.ts'
import { pause } from './pause.ts'
import { readInput, tryReadInput } from './read-input.ts'
import type { Rooms } from './rooms.ts'

type Ingest = (input: InputRoomEvent, position: number) => Promise<Outcome>

/** How many items are read at a time when work is resumed. */
const PAGE = 500
/** How long an item waits that could not be decided because the store or the room did not allow it. */
const RETRY_MS = 2000
/** Failures that pass by themselves. */
const PASSING = ['OVERLOADED', 'STORE_UNAVAILABLE', 'ROOM_QUARANTINED']
/** After how long an item first looks whether those before it in its room, which another process may be at, are settled. */
const BEFORE_MS = 100
/** How often to look, after an answer of the store was lost, whether it did what it was asked for. */
const LOOKS_AFTER_LOSS = 12
/** How often it is decided upon because something has come that it lacked. */
const MAX_TRIES = 5

/** What the inbox works with. */
export interface InboxParts {
  readonly rooms: Rooms
  readonly store: InboxStore & Pick<RecordStore, 'eventsById'>
  readonly log: Logger
  /** The share of the event loop for reading events. */
  readonly share: LoopShare
  /** Name of the lease that shows others that this process is alive. */
  readonly holder: string
}

interface Waiting {
  readonly items: readonly { readonly input: InputRoomEvent; readonly roomId: string }[]
  readonly done: () => void
  readonly failed: (error: unknown) => void
}

/**
 * Asynchronous input: made durable, answered, then decided upon in the order of its positions by the process that holds
 * it. What a process leaves behind is resumed when one starts, and by {@link Inbox.takeOver}.
 */
export class Inbox {
  readonly #parts: InboxParts
  readonly #ingest: Ingest
  /** What this process is at, by position. */
  readonly #pending = new Map<number, Promise<void>>()
  /** Positions of items that nothing came of; they wait for another start. */
  readonly #givenUp = new Set<number>()
  /** How often still to look for items that are ours without our knowing. */
  #looksLeft = 0
  #isClaiming = false
  #waiting: Waiting[] = []
  #isWriting = false
  #isClosing = false

  constructor(parts: InboxParts, ingest: Ingest) {
    this.#parts = parts
    this.#ingest = ingest
  }

  /**
   * Makes inputs durable. Those that could never be stored are left out, and the answer tells of the first. Nothing is
   * queued for a caller who is gone before all are read.
   *
   * @returns why the first that was not queued was not; empty when all were
   * @throws {RoomserverError} OVERLOADED, ROOM_QUARANTINED, SHUTTING_DOWN or STORE_UNAVAILABLE: nothing was queued
   */
  async enqueue(inputs: readonly InputRoomEvent[], gone?: AbortSignal): Promise<string> {
    const { share } = this.#parts
    let failure = ''
    const items: Waiting['items'][number][] = []
    for (const input of inputs) {
      if (!share.isFree) await share.rest()
      if (gone?.aborted === true) return 'the caller has disconnected'
      const read = tryReadInput(input)
      if (read.ok) items.push({ input, roomId: read.input.pdu.roomId })
      else if (failure === '') failure = read.fault.message
    }
    for (const roomId of new Set(items.map((item) => item.roomId))) this.#parts.rooms.admit(roomId)
    if (items.length > 0) {
      await new Promise<void>((done, failed) => {
        this.#waiting.push({ items, done, failed })
        if (!this.#isWriting) void this.#write()
      })
    }
    return failure
  }

  /** Resumes what nobody alive holds, and waits until it is settled. */
  async resume(): Promise<void> {
    await Promise.all(await this.#claimAll())
  }

  /** Resumes what processes that are gone have left behind. */
  async takeOver(): Promise<void> {
    const work = await this.#claimAll()
    void Promise.all(work)
  }

  async close(): Promise<void> {
    this.#isClosing = true
    await this.settled()
  }

  /** Waits until what is under way is settled. */
  async settled(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending.values())
  }

  /** Claims page by page, the next when the one before is settled; returns what is under way of the last. */
  async #claimAll(): Promise<readonly Promise<void>[]> {
    if (this.#isClaiming) return []
    const { share } = this.#parts
    this.#isClaiming = true
    try {
      if (this.#looksLeft > 0) await this.#look()
      for (;;) {
        const page = await this.#claim()
        const work: Promise<void>[] = []
        for (const { payload, position } of page) {
          if (!share.isFree) await share.rest()
          work.push(this.#start(JSON.parse(payload), position))
        }
        if (page.length < PAGE) return work
        await Promise.all(work)
      }
    } finally {
      this.#isClaiming = false
    }
  }

  async #claim(): Promise<readonly InboxItem[]> {
    const { store, holder } = this.#parts
    try {
      return await store.claimInbox(holder, PAGE)
    } catch (error) {
      this.#looksLeft = LOOKS_AFTER_LOSS
      throw error
    }
  }

  /** Starts items that became ours by a statement whose answer was lost. */
  async #look(): Promise<void> {
    const { store, holder, share } = this.#parts
    this.#looksLeft--
    for (let after = 0; ; ) {
      const known = new Set([...this.#pending.keys(), ...this.#givenUp])
      const page = await store.heldInbox(holder, after, PAGE)
      for (const { position, payload } of page) {
        if (!share.isFree) await share.rest()
        if (!known.has(position)) void this.#start(JSON.parse(payload), position)
      }
      if (page.length < PAGE) return
      after = page.at(-1)?.position ?? after
    }
  }

  /** Writes what waits in one go, while what comes meanwhile gathers. Positions keep the order of arrival. */
  async #write(): Promise<void> {
    const { share } = this.#parts
    this.#isWriting = true
    await new Promise<void>((resolve) => setImmediate(resolve))
    while (this.#waiting.length > 0) {
      const waiting = this.#waiting
      this.#waiting = []
      try {
        const items = waiting.flatMap((one) => one.items)
        const rows: { readonly roomId: string; readonly payload: string }[] = []
        for (const { input, roomId } of items) {
          if (!share.isFree) await share.rest()
          rows.push({ roomId, payload: JSON.stringify(input) })
        }
        const positions = await this.#parts.store.enqueue(rows, this.#parts.holder)
        items.forEach(({ input }, index) => void this.#start(input, positions[index] ?? 0))
        for (const { done } of waiting) done()
      } catch (error) {
        this.#looksLeft = LOOKS_AFTER_LOSS
        for (const { failed } of waiting) failed(error)
      }
    }
    this.#isWriting = false
  }

  #start(input: InputRoomEvent, position: number): Promise<void> {
    const pending = this.#pending.get(position)
    if (pending !== undefined) return pending
    const work = this.#settle(input, position).finally(() => this.#pending.delete(position))
    this.#pending.set(position, work)
    return work
  }

  async #settle(input: InputRoomEvent, position: number): Promise<void> {
    const { store, log } = this.#parts
    let waits = 0
    let tries = 1
    for (;;) {
      try {
        await this.#parts.share.rest()
        const outcome = await this.#ingest(input, position)
        const isDropped = isWanting(outcome)
        if (isDropped && (await this.#isOneBefore(input, position))) {
          await this.#pauseBehind(waits++)
          continue
        }
        if (isDropped && tries++ < MAX_TRIES && (await this.#hasCome(outcome, input))) continue
        const failure = failureOf(outcome, input.kind)
        if (failure !== '')
          log.warn({ event_id: input.event?.eventId, reason: failure }, 'queued event was not stored')
        if (isDropped) await store.dropInbox([position])
        return
      } catch (error) {
        if (this.#isClosing || isFailure(error, 'SHUTTING_DOWN')) return
        if (isFailure(error) && PASSING.includes(error.code)) {
          await pause(RETRY_MS)
          continue
        }
        this.#givenUp.add(position)
        log.error(
          { event_id: input.event?.eventId, position, err: error },
          'could not process queued event; keeping it in the inbox',
        )
        return
      }
    }
  }

  /**
   * Whether input of the same room that came before is still to be decided upon, perhaps by another process. What
   * nothing came of does not count: the first that waits always comes to an end.
   */
  async #isOneBefore(input: InputRoomEvent, position: number): Promise<boolean> {
    const { roomId } = readInput(input).pdu
    for (let after = 0; ; ) {
      const page = await this.#parts.store.inbox(after, PAGE)
      const before = page.filter((item) => item.position < position)
      if (before.some((item) => item.roomId === roomId && !this.#givenUp.has(item.position))) return true
      if (before.length < PAGE) return false
      after = before.at(-1)?.position ?? position
    }
  }

  /** Waits for what is before, longer each time. */
  async #pauseBehind(waits: number): Promise<void> {
    if (this.#isClosing) throw new RoomserverError('SHUTTING_DOWN', {}, 'the server is stopping')
    await pause(Math.min(RETRY_MS, BEFORE_MS * 2 ** Math.min(waits, 5)))
  }

  /** Whether an event that was lacking is there now; for a prev event that means in the graph, and not beside it. */
  async #hasCome(outcome: Outcome, input: InputRoomEvent): Promise<boolean> {
    const auth = new Set(outcome.kind === 'missing' ? outcome.auth : [])
    const prev = outcome.kind === 'missing' ? outcome.prev : readInput(input).pdu.prevEvents
    const found = await this.#parts.store.eventsById([...auth, ...prev])
    return found.some(({ eventId, before }) => before !== NO_NID || auth.has(eventId))
  }
}
