import type { InputRoomEvent } from '@roomserver/api'
import { isFailure, type Logger } from '@roomserver/types'
import type { Outcome } from '../decide/event-input.ts'
import type { InboxStore } from '../ports.ts'
import { failureOf } from './outcome-text.ts'
import { readInput } from './read-input.ts'
import type { Rooms } from './rooms.ts'

type TakeIn = (input: InputRoomEvent, position: number) => Promise<Outcome>

/** How many items are read at a time when work is taken up again. */
const PAGE = 500
/** How long an item waits that could not be decided because the store or the room did not allow it. */
const RETRY_MS = 2000

interface Waiting {
  readonly items: readonly { readonly input: InputRoomEvent; readonly roomId: string }[]
  readonly done: () => void
  readonly failed: (error: unknown) => void
}

/**
 * Asynchronous input: made durable, answered, then decided upon in the order of its positions. What a process leaves
 * behind is taken up when one starts.
 */
export class Inbox {
  readonly #parts: { readonly rooms: Rooms; readonly store: InboxStore; readonly log: Logger }
  readonly #takeIn: TakeIn
  readonly #pending = new Set<Promise<void>>()
  #waiting: Waiting[] = []
  #isWriting = false
  #isClosing = false

  constructor(
    parts: { readonly rooms: Rooms; readonly store: InboxStore; readonly log: Logger },
    takeIn: TakeIn,
  ) {
    this.#parts = parts
    this.#takeIn = takeIn
  }

  /**
   * Makes inputs durable. Those that could never be stored are left out and named in the answer.
   *
   * @returns for each input why it was not queued; empty when it was
   * @throws {RoomserverError} OVERLOADED, ROOM_QUARANTINED, SHUTTING_DOWN or STORE_UNAVAILABLE: nothing was queued
   */
  async enqueue(inputs: readonly InputRoomEvent[]): Promise<readonly string[]> {
    const failures: string[] = []
    const items: Waiting['items'][number][] = []
    for (const input of inputs) {
      try {
        items.push({ input, roomId: readInput(input).pdu.roomId })
        failures.push('')
      } catch (error) {
        if (!isFailure(error)) throw error
        failures.push(error.message)
      }
    }
    for (const roomId of new Set(items.map((item) => item.roomId))) this.#parts.rooms.admit(roomId)
    if (items.length > 0) {
      await new Promise<void>((done, failed) => {
        this.#waiting.push({ items, done, failed })
        if (!this.#isWriting) void this.#write()
      })
    }
    return failures
  }

  async resume(): Promise<void> {
    let after = 0
    for (;;) {
      const page = await this.#parts.store.inbox(after, PAGE)
      const started = page.map(({ position, payload }) => this.#start(JSON.parse(payload), position))
      await Promise.all(started)
      const last = page.at(-1)
      if (last === undefined) return
      after = last.position
    }
  }

  async close(): Promise<void> {
    this.#isClosing = true
    await this.settled()
  }

  /** Waits until what is under way is settled. */
  async settled(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending)
  }

  /** Writes what waits in one go, while what comes meanwhile gathers. Positions keep the order of arrival. */
  async #write(): Promise<void> {
    this.#isWriting = true
    await new Promise<void>((resolve) => setImmediate(resolve))
    while (this.#waiting.length > 0) {
      const waiting = this.#waiting
      this.#waiting = []
      try {
        const items = waiting.flatMap((one) => one.items)
        const rows = items.map(({ input, roomId }) => ({ roomId, payload: JSON.stringify(input) }))
        const positions = await this.#parts.store.enqueue(rows)
        items.forEach(({ input }, index) => void this.#start(input, positions[index] ?? 0))
        for (const { done } of waiting) done()
      } catch (error) {
        for (const { failed } of waiting) failed(error)
      }
    }
    this.#isWriting = false
  }

  #start(input: InputRoomEvent, position: number): Promise<void> {
    const work = this.#settle(input, position).finally(() => this.#pending.delete(work))
    this.#pending.add(work)
    return work
  }

  async #settle(input: InputRoomEvent, position: number): Promise<void> {
    const { store, log } = this.#parts
    for (;;) {
      try {
        const outcome = await this.#takeIn(input, position)
        const failure = failureOf(outcome, input.kind)
        if (failure !== '')
          log.warn({ event_id: input.event?.eventId, reason: failure }, 'queued event not taken')
        if (outcome.kind === 'missing') await store.dropInbox([position])
        return
      } catch (error) {
        if (this.#isClosing || isFailure(error, 'SHUTTING_DOWN')) return
        if (isFailure(error, 'OVERLOADED') || isFailure(error, 'STORE_UNAVAILABLE')) {
          await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
          continue
        }
        log.error({ event_id: input.event?.eventId, position, err: error }, 'queued event left in the inbox')
        return
      }
    }
  }
}
