import {
  EVENT_TYPE_NIDS,
  type EventNid,
  type EventRecord,
  NO_NID,
  type RoomNid,
  type RoomRecord,
  type SnapshotNid,
} from '@roomserver/types'
import type { StoredSince } from '../../commit/commit-watch.ts'
import type { Db } from '../../schema.ts'
import type { JournalPlace } from '../../tables/journal.ts'
import type { Tables } from '../../tables/tables.ts'
import { objectIn } from '../event-text.ts'
import { pages } from '../pages.ts'
import { Needs } from './needs.ts'

/** How many rows are read at a time. */
const READ = 500

const REDACTION = EVENT_TYPE_NIDS.get('m.room.redaction')

/** An event of the history that was taken out of the graph, or is to be. */
export interface OutsideEvent {
  readonly nid: EventNid
  readonly authLevel: number
  /** Of its text. */
  readonly bytes: number
  readonly sender: unknown
}

/** A room as it is once its history is out of the graph. */
export interface Survey {
  /** The events outside. */
  readonly outside: ReadonlyMap<EventNid, OutsideEvent>
  /** All events of the room that were met with. */
  readonly known: Set<EventNid>
  readonly needs: Needs
  /** Where what stays of the journal begins. */
  readonly journal: JournalPlace
  /** Up to which of its outputs only events outside are announced; 0: none are. */
  readonly lastOutput: number
}

/**
 * Finds out what of a room has to stay when its history goes: the graph as it is without it, the states at its events, what
 * those and the current state name, auth chains, redactions, what other tables name, and all that was outside the graph
 * before, as what came with the state of a room when it was joined.
 *
 * @param removing - events that are in the graph still, and are to go
 */
export async function survey(
  db: Db,
  tables: Tables,
  room: RoomRecord,
  removing: ReadonlySet<EventNid>,
): Promise<Survey> {
  const needs = new Needs(tables)
  const outside = new Map<EventNid, OutsideEvent>()
  const known = new Set<EventNid>()
  const graph = new Set<EventNid>()
  for await (const page of pages((after, limit) => tables.events.ofRoom(db, room.nid, after, limit))) {
    const out = page.filter(({ before }) => before === NO_NID)
    const purged = new Set(
      out.length === 0
        ? []
        : await tables.purgedEvents.among(
            db,
            room.nid,
            out.map(({ eventId }) => eventId),
          ),
    )
    const staying: EventRecord[] = []
    for (const event of page) {
      known.add(event.nid)
      const isOutside = removing.has(event.nid) || (event.before === NO_NID && purged.has(event.eventId))
      if (!isOutside) staying.push(event)
      else {
        const { nid, authLevel, json } = event
        const sender = objectIn(json)?.['sender']
        outside.set(nid, { nid, authLevel, bytes: Buffer.byteLength(json), sender })
      }
      if (!isOutside && event.before !== NO_NID) graph.add(event.nid)
      // Who sends the event that it redacts again need not send it redacted.
      if (isOutside && event.typeNid === REDACTION) await needs.addEvents(db, [event.nid])
    }
    await needs.addPlaced(db, staying)
    await needs.addEvents(db, await unlinked(db, tables, room.nid, staying))
  }
  await needs.addStates(db, [room.current])
  const lastOutput = await lastOutputOf(db, tables, room.nid, { graph, outside })
  const journal = await journalFrom(db, tables, room.nid, { graph, needs })
  return { outside, known, needs, journal, lastOutput }
}

/** Auth events of outliers that were stored before these were, which they are linked to when they come again. */
async function unlinked(
  db: Db,
  tables: Tables,
  room: RoomNid,
  events: readonly EventRecord[],
): Promise<readonly EventNid[]> {
  const ids = events
    .filter(({ before }) => before === NO_NID)
    .flatMap(({ authNids, json }) => {
      const named = objectIn(json)?.['auth_events']
      const auth = Array.isArray(named) ? named.map((one) => (Array.isArray(one) ? one[0] : one)) : []
      return auth.length > authNids.length ? auth.filter((id) => typeof id === 'string') : []
    })
  return ids.length === 0 ? [] : (await tables.purgedHistory.places(db, room, ids)).map(({ nid }) => nid)
}

/** Outputs about events of the graph stay, with all that came since. */
async function lastOutputOf(
  db: Db,
  tables: Tables,
  room: RoomNid,
  {
    graph,
    outside,
  }: { readonly graph: ReadonlySet<EventNid>; readonly outside: ReadonlyMap<EventNid, unknown> },
): Promise<number> {
  let last = 0
  for (let after = 0; ; ) {
    const page = await tables.purgedHistory.outputs(db, room, after, READ)
    for (const { event, seq } of page) {
      if (graph.has(event)) return last
      if (outside.has(event)) last = seq
    }
    const end = page.at(-1)
    if (end === undefined) return last
    after = end.seq
  }
}

/** Changes that events of the graph brought about stay, with all that came since. */
async function journalFrom(
  db: Db,
  tables: Tables,
  room: RoomNid,
  { graph, needs }: { readonly graph: ReadonlySet<EventNid>; readonly needs: Needs },
): Promise<JournalPlace> {
  let first: JournalPlace | undefined
  for (let after: JournalPlace = { revision: 0, place: -1 }; ; ) {
    const page = await tables.purgedHistory.journal(db, room, after, READ)
    for (const { cause, events, place, revision } of page) {
      if (graph.has(cause)) first ??= { revision, place }
      if (first !== undefined) await needs.addEvents(db, events)
    }
    const end = page.at(-1)
    if (end === undefined) return first ?? { revision: Number.MAX_SAFE_INTEGER, place: 0 }
    after = end
  }
}

/** Adds what invites and memberships of a room name, and its outputs that are left. */
export async function addNamed(
  db: Db,
  tables: Tables,
  room: RoomNid,
  { lastOutput, needs }: Pick<Survey, 'lastOutput' | 'needs'>,
): Promise<void> {
  await needs.addEvents(db, await tables.purgedHistory.named(db, room, lastOutput))
}

/** Says what is stored in a room meanwhile. */
export interface WatchedRoom {
  take(): StoredSince
}

/** Keeps up with what comes into a room while its history is deleted. */
export class NeedsKeeper {
  readonly #tables: Tables
  readonly #room: RoomNid
  readonly #known: Set<EventNid>
  readonly #watched: WatchedRoom | undefined
  readonly needs: Needs
  #revision: number
  /** Whether anything was stored since the survey by somebody else. */
  #hasOthers = false

  /** @param watched - since before the survey; `undefined`: other processes store events of the room as well */
  constructor(
    tables: Tables,
    { nid, revision }: RoomRecord,
    { known, needs }: Survey,
    watched: WatchedRoom | undefined,
  ) {
    this.#tables = tables
    this.#room = nid
    this.#known = known
    this.#watched = watched
    this.needs = needs
    this.#revision = revision
  }

  /**
   * Adds what was stored since to what has to stay. To be called in a transaction that has moved the room on: nothing else is
   * stored in it until that ends.
   *
   * @param room - the room as it is in the transaction
   * @param states - states that are to go, and that events which were stored before may have got since; left out: all states
   *   that are stored have to stay
   */
  async keepUp(tx: Db, room: RoomRecord, states?: readonly SnapshotNid[]): Promise<void> {
    const isAlone = room.revision === this.#revision + 1
    this.#revision = room.revision
    if (!isAlone) await this.#addStored(tx, room)
    if (this.#hasOthers && this.#watched === undefined)
      await this.needs.addStates(tx, await this.#named(tx, states))
  }

  async #addStored(tx: Db, { current }: RoomRecord): Promise<void> {
    this.#hasOthers = true
    await this.needs.addStates(tx, [current])
    if (this.#watched !== undefined) {
      const since = this.#watched.take()
      await this.#add(tx, [...since.events])
      await this.needs.addStates(tx, [...since.states])
    } else if ((await this.#tables.purgedHistory.count(tx, this.#room)) !== this.#known.size) {
      await this.#add(tx, await this.#fresh(tx))
    }
  }

  #named(tx: Db, states: readonly SnapshotNid[] | undefined): Promise<readonly SnapshotNid[]> {
    const { purgedHistory } = this.#tables
    return states === undefined
      ? purgedHistory.states(tx, this.#room)
      : purgedHistory.statesAmong(tx, this.#room, states)
  }

  /** Events are deleted. */
  forget(nids: readonly EventNid[]): void {
    for (const nid of nids) this.#known.delete(nid)
  }

  async #fresh(tx: Db): Promise<readonly EventNid[]> {
    const fresh: EventNid[] = []
    for (let after = NO_NID as EventNid; ; ) {
      const page = await this.#tables.purgedHistory.nids(tx, this.#room, after, READ * 10)
      fresh.push(...page.filter((nid) => !this.#known.has(nid)))
      const last = page.at(-1)
      if (last === undefined) return fresh
      after = last
    }
  }

  async #add(tx: Db, fresh: readonly EventNid[]): Promise<void> {
    const { events } = this.#tables
    for (let at = 0; at < fresh.length; at += READ) {
      const records = await events.byNids(tx, fresh.slice(at, at + READ))
      await this.needs.addPlaced(tx, records)
      await this.needs.addEvents(tx, await unlinked(tx, this.#tables, this.#room, records))
    }
    for (const nid of fresh) this.#known.add(nid)
  }
}
