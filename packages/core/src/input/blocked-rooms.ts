import {
  type BlockedRoom,
  type Clock,
  type Logger,
  paged,
  type RoomId,
  RoomserverError,
} from '@roomserver/types'
import type { BlockedRoomStore } from '../ports.ts'

/** How many are read at a time. */
const PAGE = 1_000

/** After how long it is looked again what other processes have blocked, or, where that failed, tried again. */
const REFRESH_MS = 5_000

/** What the blocked rooms are read from. */
export interface BlockedRoomsParts {
  readonly store: BlockedRoomStore
  readonly clock: Clock
  readonly log: Logger
}

/** The rooms that operators blocked. What one process blocks the others know a few seconds later. */
export class BlockedRooms {
  readonly #parts: BlockedRoomsParts
  #rooms: ReadonlyMap<RoomId, BlockedRoom> | undefined
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

  /** How a room is blocked; `undefined`: it is not. */
  async of(roomId: RoomId): Promise<BlockedRoom | undefined> {
    await this.load()
    return this.#rooms?.get(roomId)
  }

  /**
   * Does not wait for anything, so that events keep their order: what others have blocked is read beside.
   *
   * @throws {RoomserverError} ROOM_BLOCKED
   */
  refuse(roomId: RoomId): void {
    const { clock, log } = this.#parts
    if (clock.now() - this.#begunTs >= REFRESH_MS)
      void this.#read().catch((err: unknown) => log.warn({ err }, 'could not read blocked rooms'))
    const blocked = this.#rooms?.get(roomId)
    if (blocked !== undefined) throw roomBlocked(blocked)
  }

  /** Blocks a room, in every process. */
  async block(room: BlockedRoom): Promise<void> {
    await this.#parts.store.blockRoom(room)
    await this.#readAnew()
  }

  /** Takes a block back, in every process. */
  async unblock(roomId: RoomId): Promise<void> {
    await this.#parts.store.unblockRoom(roomId)
    await this.#readAnew()
  }

  /** What is being read may be from before the change. */
  async #readAnew(): Promise<void> {
    await this.#reading?.catch(() => undefined)
    await this.#read()
  }

  #read(): Promise<void> {
    this.#reading ??= this.#readAll().finally(() => (this.#reading = undefined))
    return this.#reading
  }

  async #readAll(): Promise<void> {
    const { store, clock } = this.#parts
    this.#begunTs = clock.now()
    const rooms = new Map<RoomId, BlockedRoom>()
    const read = (after: RoomId, limit: number) => store.blockedRooms(after, limit)
    for await (const page of paged({ read, keyOf: ({ roomId }) => roomId, first: '', limit: PAGE }))
      for (const room of page) rooms.set(room.roomId, room)
    this.#rooms = rooms
  }
}

function roomBlocked({ roomId, reason }: BlockedRoom): RoomserverError<'ROOM_BLOCKED'> {
  const why = reason === '' ? '' : `: ${reason}`
  return new RoomserverError('ROOM_BLOCKED', { roomId, reason }, `the room is blocked on this server${why}`)
}
