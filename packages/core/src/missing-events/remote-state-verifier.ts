import {
  type EventNid,
  type Logger,
  NO_NID,
  type RoomId,
  type RoomRecord,
  paged,
  type RemoteStateRecord,
} from '@roomserver/types'
import type { RoomStore } from '../ports.ts'
import type { Consequences } from '../reevaluate/reevaluate-dependents.ts'
import { verifyRemoteState } from '../reevaluate/verify-remote-state.ts'
import type { RoomTask } from '../input/room-tasks.ts'

/** What settling remote states works with. */
export interface RemoteStateVerifierParts {
  readonly store: Pick<RoomStore, 'dueRemoteStates' | 'roomsByNid'>
  readonly log: Logger
  readonly run: <Result>(task: RoomTask<Result>) => Promise<Result>
}

/** How many are read at a time when they are resumed. */
const PAGE = 100
/** What one takes while it waits, in bytes. */
const BYTES = 1_000

/**
 * Verifies events at remote states when what they waited for has arrived: each in the queue of its room, one after
 * another. What is due is in the store, so that nothing is lost with a process.
 */
export class RemoteStateVerifier {
  readonly #parts: RemoteStateVerifierParts
  readonly #due = new Map<RoomId, Set<EventNid>>()
  readonly #running = new Set<Promise<void>>()
  #resuming: Promise<void> | undefined
  #isClosing = false

  constructor(parts: RemoteStateVerifierParts) {
    this.#parts = parts
  }

  /** These events of a room are to be looked at. */
  due(room: RoomRecord, events: readonly EventNid[]): void {
    if (this.#isClosing || events.length === 0) return
    const waiting = this.#due.get(room.roomId)
    for (const event of events) waiting?.add(event)
    if (waiting !== undefined) return
    this.#due.set(room.roomId, new Set(events))
    const work = this.#settleAll(room).finally(() => this.#running.delete(work))
    this.#running.add(work)
  }

  /** Resumes, beside whatever else is done, what this process or another one has left. */
  takeOver(): void {
    this.#resuming ??= this.resume()
      .catch((err: unknown) => this.#parts.log.warn({ err }, 'remote state could not be taken up'))
      .finally(() => (this.#resuming = undefined))
  }

  /** The same, and waits until it is done. */
  async resume(): Promise<void> {
    const { store } = this.#parts
    const read = (after: EventNid, limit: number) => store.dueRemoteStates(after, limit)
    const due = {
      read,
      keyOf: ({ event }: RemoteStateRecord) => event,
      first: NO_NID as EventNid,
      limit: PAGE,
    }
    for await (const page of paged(due)) {
      if (this.#isClosing) return
      const rooms = await store.roomsByNid([...new Set(page.map(({ roomNid }) => roomNid))])
      for (const room of rooms) {
        const ofRoom = page.filter(({ roomNid }) => roomNid === room.nid)
        this.due(
          room,
          ofRoom.map(({ event }) => event),
        )
      }
      await this.settled()
    }
  }

  /** Waits until nothing is under way any more. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
  }

  /** Begins nothing new and waits for what is under way. */
  async close(): Promise<void> {
    this.#isClosing = true
    await this.#resuming
    await this.settled()
  }

  async #settleAll({ roomId, version }: RoomRecord): Promise<void> {
    const due = this.#due.get(roomId) ?? new Set()
    for (const event of due) {
      due.delete(event)
      if (this.#isClosing) break
      try {
        const followed = await this.#parts.run({
          roomId,
          version,
          name: `verifying the remote state before event NID ${event}`,
          bytes: BYTES,
          decide: (draft) => verifyRemoteState(draft, event),
        })
        if (followed !== undefined) this.#report(roomId, followed)
      } catch (err) {
        this.#parts.log.warn({ room_id: roomId, err }, 'a remote state is left for later')
      }
    }
    this.#due.delete(roomId)
  }

  #report(roomId: RoomId, { changed, allowed, rejected }: Consequences): void {
    this.#parts.log.warn(
      { room_id: roomId, changed: changed.size, accepted: allowed.length, rejected: rejected.length },
      'state supplied by another server was wrong; dependent events re-evaluated',
    )
  }
}
