import {
  type BlockedRoom,
  type Clock,
  type HistoryPurgeRecord,
  type Logger,
  NO_NID,
  paged,
  type PurgeRecord,
  type PurgeStep,
  type RoomId,
  type RoomNid,
  type RoomRecord,
  RoomserverError,
} from '@roomserver/types'
import type { BlockedRoomStore, RoomStore } from '../ports.ts'

/** How many are read at a time. */
const PAGE = 1_000

/** After how long it is looked again what other processes have blocked, or, where that failed, tried again. */
const REFRESH_MS = 5_000

const PURGING: ReadonlySet<PurgeStep> = new Set(['waiting', 'deleting', 'settling'])

/** Whether a room is being purged: while it is, it takes nothing. */
export const isBeingPurged = ({ step }: Pick<PurgeRecord, 'step'>): boolean => PURGING.has(step)

/** Why nothing is done with a room that is being purged. */
export const roomIsPurged = (roomId: RoomId): RoomserverError<'ROOM_BLOCKED'> =>
  roomBlocked({ roomId, reason: 'it is being purged' })

/** What the blocked rooms are read from. */
export interface BlockedRoomsParts {
  readonly store: BlockedRoomStore &
    Pick<RoomStore, 'room'> & {
      purges(): Promise<readonly PurgeRecord[]>
      recentHistoryPurges(): Promise<readonly HistoryPurgeRecord[]>
    }
  readonly clock: Clock
  readonly log: Logger
  /** Is told, maybe again and again, that nothing that is cached of a room holds any more. */
  readonly onPurged?: ((nid: RoomNid) => void) | undefined
  /** Is told of rooms whose history is purged as they are now: nothing holds that was cached before they were moved on. */
  readonly onRead?: ((room: RoomRecord) => void) | undefined
}

/**
 * The rooms that operators blocked, and those that are being purged. What one process blocks the others know a few seconds
 * later.
 */
export class BlockedRooms {
  readonly #parts: BlockedRoomsParts
  #rooms: ReadonlyMap<RoomId, BlockedRoom> | undefined
  #purged: ReadonlySet<RoomId> = new Set()
  /** When a reading of them was last begun, whatever came of it. */
  #begunTs = Number.NEGATIVE_INFINITY
  #reading: Promise<void> | undefined

  constructor(parts: BlockedRoomsParts) {
    this.#parts = parts
  }

  /** Reads them for the first time: before that {@link refuse} knows of none. */
  async load(): Promise<void> {
    if (this.#rooms === undefined) await this.#read()
  }

  /** How an operator blocked a room; `undefined`: they did not. What others have blocked is known a few seconds later. */
  async of(roomId: RoomId): Promise<BlockedRoom | undefined> {
    if (this.#rooms === undefined || this.#isOld) await this.#read()
    return this.#rooms?.get(roomId)
  }

  /**
   * Does not wait for anything, so that events keep their order: what others have blocked is read beside.
   *
   * @throws {RoomserverError} ROOM_BLOCKED
   */
  refuse(roomId: RoomId): void {
    if (this.#isOld)
      void this.#read().catch((err: unknown) => this.#parts.log.warn({ err }, 'could not read blocked rooms'))
    const blocked = this.#rooms?.get(roomId)
    if (blocked !== undefined) throw roomBlocked(blocked)
    if (this.#purged.has(roomId)) throw roomIsPurged(roomId)
  }

  /** Blocks a room, in every process. */
  async block(room: BlockedRoom): Promise<void> {
    await this.#parts.store.blockRoom(room)
    await this.refresh()
  }

  /** Takes a block back, in every process. */
  async unblock(roomId: RoomId): Promise<void> {
    await this.#parts.store.unblockRoom(roomId)
    await this.refresh()
  }

  /** Learns at once of what has changed. What is being read may be from before the change. */
  async refresh(): Promise<void> {
    await this.#reading?.catch(() => undefined)
    await this.#read()
  }

  get #isOld(): boolean {
    return this.#parts.clock.now() - this.#begunTs >= REFRESH_MS
  }

  #read(): Promise<void> {
    this.#reading ??= this.#readAll().finally(() => (this.#reading = undefined))
    return this.#reading
  }

  async #readAll(): Promise<void> {
    const { store, clock, onPurged, onRead } = this.#parts
    this.#begunTs = clock.now()
    const rooms = new Map<RoomId, BlockedRoom>()
    const read = (after: RoomId, limit: number) => store.blockedRooms(after, limit)
    for await (const page of paged({ read, keyOf: ({ roomId }) => roomId, first: '', limit: PAGE }))
      for (const room of page) rooms.set(room.roomId, room)
    const purged = new Set<RoomId>()
    for (const purge of await store.purges()) {
      if (!isBeingPurged(purge)) continue
      const { roomId, roomNid } = purge
      purged.add(roomId)
      if (roomNid !== NO_NID) onPurged?.(roomNid)
    }
    for (const { roomId } of await store.recentHistoryPurges()) {
      const room = await store.room(roomId)
      if (room !== undefined) onRead?.(room)
    }
    this.#rooms = rooms
    this.#purged = purged
  }
}

function roomBlocked({
  roomId,
  reason,
}: Pick<BlockedRoom, 'roomId' | 'reason'>): RoomserverError<'ROOM_BLOCKED'> {
  const why = reason === '' ? '' : `: ${reason}`
  return new RoomserverError('ROOM_BLOCKED', { roomId, reason }, `the room is blocked on this server${why}`)
}
