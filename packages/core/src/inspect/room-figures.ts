import type { MembershipCount, RoomFigures } from '@roomserver/inspect'
import {
  type EventNid,
  isRejected,
  NO_NID,
  type RoomNid,
  type RoomRecord,
  type RoomSize,
  type SnapshotNid,
  type Verdict,
} from '@roomserver/types'
import { keepLatest } from '../view/keep-latest.ts'
import { yieldToEventLoop } from '../view/run.ts'
import type { InspectionReads } from '../ports.ts'
import type { RecordCache } from '../view/record-cache.ts'

/** How many events are counted in one statement. */
const PAGE = 5_000
/** For how long the counts of missing events of all rooms are used again. */
const GAPS_MS = 30_000
/** How many rooms' figures are remembered. */
const MAX_ROOMS = 20_000
/** After how many changes of a room its events are all counted again: verdicts of stored events change seldom. */
const RECOUNT_REVISIONS = 10_000
/** After how many its members are: an operator may have repaired the table of memberships, which changes no state. */
const RECOUNT_MEMBERS_REVISIONS = 1_000
/** For how long the size of a large room is used again, and how many events that has: counting it reads all its rows. */
const SIZE_MS = 60_000
const LARGE_ROOM = 10_000

/** How long resolutions took in this process. */
type ResolutionTimes = Pick<RecordCache, 'slowestResolutionMs'>

interface Counted {
  readonly revision: number
  /** The room's revision when its events were counted from the first. */
  readonly since: number
  readonly last: EventNid
  readonly verdicts: ReadonlyMap<Verdict, number>
  readonly bytes: number
  readonly resets: number
}

interface CountedMembers {
  readonly revision: number
  /** The state in which they were counted: messages change no membership. */
  readonly current: SnapshotNid
  readonly counts: readonly MembershipCount[]
}

/**
 * Figures of rooms that take counting. Counts go on from where they ended, a page at a time, so that neither a large room
 * nor many rooms hold the database or the event loop.
 */
export class RoomFigureCounts {
  readonly #reads: InspectionReads
  readonly #now: () => number
  readonly #resolutions: ResolutionTimes
  readonly #counted = new Map<RoomNid, Counted>()
  readonly #members = new Map<RoomNid, CountedMembers>()
  readonly #sizes = new Map<RoomNid, { readonly at: number; readonly size: RoomSize }>()
  #gaps: { readonly at: number; readonly counts: Promise<ReadonlyMap<RoomNid, number>> } | undefined

  constructor(reads: InspectionReads, resolutions: ResolutionTimes, now: () => number) {
    this.#reads = reads
    this.#resolutions = resolutions
    this.#now = now
  }

  /** The figures of a room. */
  async of(room: RoomRecord): Promise<RoomFigures> {
    const { bytes, resets, verdicts } = await this.#countedOf(room)
    const gaps = (await this.#missing()).get(room.nid) ?? 0
    let events = 0
    let rejected = 0
    for (const [verdict, count] of verdicts) {
      events += count
      if (isRejected(verdict)) rejected += count
    }
    return {
      events,
      softFailed: verdicts.get('soft-failed') ?? 0,
      rejected,
      outliers: verdicts.get('outlier') ?? 0,
      gaps,
      stateResets: resets,
      bytes,
      slowestResolutionMs: Math.ceil(this.#resolutions.slowestResolutionMs(room.nid)),
    }
  }

  /** How many users of each server have each membership in a room. Few rooms changed since a list of rooms was made before. */
  async membersOf({ current, nid, revision }: RoomRecord): Promise<CountedMembers['counts']> {
    const known = this.#members.get(nid)
    const holds = current === NO_NID ? 0 : RECOUNT_MEMBERS_REVISIONS
    if (known?.current === current && revision - known.revision <= holds) return known.counts
    const counts = await this.#reads.membershipCounts(nid)
    keepLatest(this.#members, nid, { revision, current, counts }, MAX_ROOMS)
    return counts
  }

  /** What a room takes up in the store; that of a large room is counted again after some time. */
  async sizeOf({ nid }: RoomRecord): Promise<RoomSize> {
    const known = this.#sizes.get(nid)
    const now = this.#now()
    if (known !== undefined && known.size.events >= LARGE_ROOM && now - known.at < SIZE_MS) return known.size
    const size = await this.#reads.roomSize(nid)
    keepLatest(this.#sizes, nid, { at: now, size }, MAX_ROOMS)
    return size
  }

  async #countedOf(room: RoomRecord): Promise<Counted> {
    const known = this.#counted.get(room.nid)
    if (known?.revision === room.revision) return known
    const isOld = known !== undefined && room.revision - known.since > RECOUNT_REVISIONS
    const counted = await this.#count(room, isOld ? undefined : known)
    keepLatest(this.#counted, room.nid, counted, MAX_ROOMS)
    return counted
  }

  async #count({ nid, revision }: RoomRecord, from: Counted | undefined): Promise<Counted> {
    const verdicts = new Map(from?.verdicts)
    let { bytes = 0, last = NO_NID } = from ?? {}
    for (;;) {
      const page = await this.#reads.countEvents(nid, last, PAGE)
      let counted = 0
      for (const row of page) {
        verdicts.set(row.verdict, (verdicts.get(row.verdict) ?? 0) + row.count)
        bytes += row.bytes
        counted += row.count
        if (row.last > last) last = row.last
      }
      if (counted < PAGE) break
      await yieldToEventLoop()
    }
    const resets = (from?.resets ?? 0) + (await this.#reads.countResets(nid, from?.revision ?? 0))
    return { revision, since: from?.since ?? revision, last, verdicts, bytes, resets }
  }

  #missing(): Promise<ReadonlyMap<RoomNid, number>> {
    const now = this.#now()
    if (this.#gaps === undefined || now - this.#gaps.at > GAPS_MS) {
      const counts = this.#reads
        .missingPerRoom()
        .then((rows) => new Map(rows.map(({ missing, room }) => [room, missing])))
      counts.catch(() => (this.#gaps = undefined))
      this.#gaps = { at: now, counts }
    }
    return this.#gaps.counts
  }
}
