import {
  type EventId,
  type EventNid,
  type EventRecord,
  NO_NID,
  type RoomRecord,
  type SnapshotNid,
} from '@roomserver/types'
import { sql } from 'kysely'
import type { Db } from '../schema.ts'
import type { Tables } from '../tables/tables.ts'
import { type LinkContext, wrongLinks } from './check-links.ts'
import { wrongInRecord, wrongStates } from './check-record.ts'
import { wrongInRoom } from './check-room-row.ts'
import type { StateCheck } from './check-state.ts'
import type { CheckContext } from './check.ts'
import type { CurrentState } from './current-state.ts'
import { contentText, objectIn, prevEventsIn, type ReadEvent, textIn } from './event-text.ts'
import { type Finding, finding } from './finding.ts'
import { pages } from './pages.ts'
import { stringsOf } from './strings-of.ts'

/** What events are held against. */
export interface EventContext extends Pick<CheckContext, 'isIntact'> {
  readonly state: StateCheck
  readonly current: CurrentState | undefined
}

/**
 * Checks that what a room's events, their states and its row refer to is stored and is what the texts of the events say,
 * and that its forward extremities are accepted events that no other accepted event builds upon, those at remote state
 * aside.
 *
 * @returns the snapshots that something refers to
 */
export async function checkEvents(
  db: Db,
  tables: Tables,
  room: RoomRecord,
  { state, current, isIntact = () => false }: EventContext,
  report: (finding: Finding) => void,
): Promise<ReadonlySet<SnapshotNid>> {
  const extremities = await tables.events.byNids(db, room.extremities)
  const remote = new Map(
    (await tables.remoteStates.ofRoom(db, room.nid)).map((record) => [record.event, record]),
  )
  const reading: Reading = {
    extremities: new Set(extremities.map(({ eventId }) => eventId)),
    stored: new Set(),
    missing: new Map(),
    remote: new Set([...remote.values()].filter(({ isVerified }) => !isVerified).map(({ event }) => event)),
    built: new Set(),
    used: new Map(),
    create: undefined,
  }
  const links: LinkContext = { db, tables, room, remote, isCurrent: (event) => current?.has(event) === true }
  const add = (event: EventRecord, kind: Finding['kind'], what: string, rebuild?: Finding['rebuild']): void =>
    report(
      finding(
        room.roomId,
        kind,
        `event ${event.eventId} ${what}`,
        rebuild !== undefined && isIntact(event, room.version) ? rebuild : undefined,
      ),
    )
  for await (const page of pages((after, limit) => tables.events.ofRoom(db, room.nid, after, limit))) {
    const strings = await stringsOf(
      db,
      tables,
      page.map(({ typeNid }) => typeNid),
      page.map(({ stateKeyNid }) => stateKeyNid),
    )
    const read: ReadEvent[] = []
    for (const event of page) {
      const said = objectIn(event.json)
      note({ event, said: said ?? {} }, reading)
      const wrong = wrongStates(event, state.stored)
      if (wrong !== undefined) add(event, 'event', wrong)
      if (said === undefined) add(event, 'event', 'is not a JSON object')
      else read.push({ event, said })
    }
    for (const one of read)
      for (const { kind, what, rebuild } of wrongInRecord(one, room, strings))
        add(one.event, kind, what, rebuild)
    if (read.length > 0)
      for await (const { event, kind, what, rebuild } of wrongLinks(links, read, strings))
        add(event, kind, what, rebuild)
  }
  for (const { event, waitsFor, isVerified } of remote.values()) {
    if (isVerified || waitsFor === NO_NID || reading.remote.has(waitsFor)) continue
    const rebuild = sql`update remote_states set waits_for = 0 where event_nid = ${event}`
    const [of] = await tables.events.byNids(db, [event])
    if (of !== undefined) add(of, 'link', 'waits for the state before an event that is not waiting', rebuild)
  }
  for (const eventId of reading.missing.values())
    report(finding(room.roomId, 'event', `event ${eventId} refers to an auth event that is not stored`))
  reportStates(room, state, reading, report)
  await reportLostEntries(db, tables, room, current, reading, report)
  const version = reading.create && versionIn(reading.create)
  const isSure =
    reading.create !== undefined && version !== undefined && isIntact(reading.create.event, version)
  for (const { what, rebuild } of wrongInRoom(
    room,
    extremities,
    { ...reading, version, isSure },
    state.stored,
  ))
    report(finding(room.roomId, 'room', what, rebuild))
  return new Set([...reading.used.keys(), room.current])
}

/** What is gathered while a room's events are read, page by page. */
interface Reading {
  /** IDs of the forward extremities. */
  readonly extremities: ReadonlySet<EventId>
  readonly stored: Set<EventNid>
  /** Events that were referenced and did not come by so far, and by which. */
  readonly missing: Map<EventNid, EventId>
  /** Events at remote state, which take the place of none. */
  readonly remote: ReadonlySet<EventNid>
  /** Forward extremities that an accepted event builds on. */
  readonly built: Set<EventId>
  /** Snapshots that are referred to, and by which event first. */
  readonly used: Map<SnapshotNid, EventId>
  /** The accepted create event. */
  create: ReadEvent | undefined
}

function note({ event, said }: ReadEvent, reading: Reading): void {
  reading.stored.add(event.nid)
  reading.missing.delete(event.nid)
  for (const nid of event.authNids) if (!reading.stored.has(nid)) reading.missing.set(nid, event.eventId)
  for (const nid of [event.before, event.after])
    if (!reading.used.has(nid)) reading.used.set(nid, event.eventId)
  if (event.verdict !== 'accepted') return
  if (textIn(said, 'type') === 'm.room.create' && textIn(said, 'state_key') === '' && event.before !== NO_NID)
    reading.create ??= { event, said }
  if (event.before === NO_NID || reading.remote.has(event.nid)) return
  for (const id of prevEventsIn(said)) if (reading.extremities.has(id)) reading.built.add(id)
}

/** A redaction takes the version away in the first versions; the rules have kept it. */
export function versionIn({ event, said }: ReadEvent): string | undefined {
  const kept = event.authContent === undefined ? undefined : objectIn(event.authContent)
  const known = contentText(said, 'room_version') ?? (kept && contentText(kept, 'room_version'))
  return known ?? (event.redactedBy === NO_NID ? '1' : undefined)
}

function reportStates(
  { roomId, current }: RoomRecord,
  { wrong }: StateCheck,
  { used }: Reading,
  report: (finding: Finding) => void,
): void {
  for (const [nid, what] of wrong) {
    const event = used.get(nid)
    const which =
      nid === current ? 'the current state' : event === undefined ? undefined : `the state at event ${event}`
    report(finding(roomId, 'state', `${which ?? 'a state that no event refers to'} ${what}`))
  }
}

/** Entries of the current state whose events are not stored. */
async function reportLostEntries(
  db: Db,
  tables: Tables,
  { roomId }: RoomRecord,
  current: CurrentState | undefined,
  { stored }: Reading,
  report: (finding: Finding) => void,
): Promise<void> {
  const lost = [...(current?.entries() ?? [])].filter(([, , event]) => !stored.has(event))
  if (lost.length === 0) return
  const { types, keys } = await stringsOf(
    db,
    tables,
    lost.map(([type]) => type),
    lost.map(([, key]) => key),
  )
  for (const [type, key] of lost) {
    const name = `${types.get(type) ?? 'an unknown type'} ${JSON.stringify(keys.get(key) ?? '?')}`
    report(finding(roomId, 'event', `the event of the entry ${name} of the current state is not stored`))
  }
}
