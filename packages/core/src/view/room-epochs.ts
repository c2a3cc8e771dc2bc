import type { RoomNid, RoomRecord } from '@roomserver/types'

/** How many rooms are remembered; beyond that all are forgotten, and with them what is cached of their events. */
const MAX_ROOMS = 100_000

interface RoomState {
  revision: number
  epoch: number
  rewritten: number
}

type RoomAt = Pick<RoomRecord, 'nid' | 'revision'>

/**
 * Tells whether what is cached of a room's events still holds. Our own commits keep the cache up to date; a room that
 * another process moved on enters a new epoch, and what was cached in an earlier one does not count any more.
 */
export class RoomEpochs {
  readonly #rooms = new Map<RoomNid, RoomState>()
  #base = 0
  #latest = 0

  /** The present epoch of a room. */
  of(nid: RoomNid): number {
    return this.#rooms.get(nid)?.epoch ?? this.#base
  }

  /** A number that changes whenever stored state events of a room may have, by redactions for one. */
  rewrittenOf(nid: RoomNid): number {
    return this.#rooms.get(nid)?.rewritten ?? this.#base
  }

  /** The room was read at this revision. */
  onRead({ nid, revision }: RoomAt): void {
    const room = this.#rooms.get(nid)
    if (room === undefined) {
      this.#add(nid, revision)
    } else if (revision > room.revision) {
      this.#turn(room, revision)
    }
  }

  /** We are about to commit, or have committed, this revision ourselves. */
  onCommit({ nid, revision }: RoomAt): void {
    const room = this.#rooms.get(nid)
    if (room === undefined) this.#add(nid, revision)
    else room.revision = revision
  }

  /** The commit from this revision did not come about, maybe because somebody else was faster. */
  onConflict({ nid, revision }: RoomAt): void {
    const room = this.#rooms.get(nid)
    if (room !== undefined) this.#turn(room, revision)
  }

  /** We have committed changes to stored state events of the room; what is cached of them was changed with it. */
  onRewrite(nid: RoomNid): void {
    const room = this.#rooms.get(nid)
    if (room !== undefined) room.rewritten = ++this.#latest
  }

  /** Nothing of the room is stored any more. */
  onGone(nid: RoomNid): void {
    if (!this.#rooms.has(nid)) this.#add(nid, 0)
    const room = this.#rooms.get(nid)
    if (room !== undefined) this.#turn(room, room.revision)
  }

  #turn(room: RoomState, revision: number): void {
    room.revision = revision
    room.epoch = ++this.#latest
    room.rewritten = room.epoch
  }

  #add(nid: RoomNid, revision: number): void {
    if (this.#rooms.size >= MAX_ROOMS) {
      this.#rooms.clear()
      this.#base = ++this.#latest
    }
    this.#rooms.set(nid, { revision, epoch: this.#base, rewritten: this.#base })
  }
}
