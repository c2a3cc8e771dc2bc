import {
  type EventId,
  type EventNid,
  type EventRecord,
  NO_NID,
  type RoomRecord,
  type RemoteStateRecord,
} from '@roomserver/types'
import { sql } from 'kysely'
import type { Db } from '../schema.ts'
import type { Tables } from '../tables/tables.ts'
import type { WrongInEvent } from './check-record.ts'
import { contentText, prevEventsIn, type ReadEvent, textIn } from './event-text.ts'
import type { Strings } from './strings-of.ts'

/** What is known of a room while its events are gone over. */
export interface LinkContext {
  readonly db: Db
  readonly tables: Tables
  readonly room: RoomRecord
  readonly remote: ReadonlyMap<EventNid, RemoteStateRecord>
  /** Whether an event is an entry of the current state. */
  readonly isCurrent: (event: EventRecord) => boolean
}

export interface WrongLink extends WrongInEvent {
  readonly event: EventRecord
}

/** Compares what is stored about events beside them with what they say: invites, redactions, missing prev events. */
export async function* wrongLinks(
  context: LinkContext,
  page: readonly ReadEvent[],
  strings: Strings,
): AsyncGenerator<WrongLink, void, void> {
  yield* wrongInvites(context, page, strings)
  yield* wrongRedactions(context, page)
  yield* wrongPrev(context, page)
}

/** NIDs as they stand in a statement. */
const list = (nids: readonly number[]) => sql.join(nids.map((nid) => sql.lit(nid)))

interface InviteRow {
  readonly event: EventNid
  readonly target: number
  readonly sender: number
  readonly retired: EventNid | null
  readonly target_id: string | null
  readonly sender_id: string | null
}

async function* wrongInvites(
  { db, tables, room, isCurrent }: LinkContext,
  page: readonly ReadEvent[],
  { keys }: Strings,
): AsyncGenerator<WrongLink, void, void> {
  const nids = page.map(({ event }) => event.nid)
  const { rows } =
    await sql<InviteRow>`select i.event_nid as event, i.target_nid as target, i.sender_nid as sender,
      i.retired_by as retired, t.text as target_id, s.text as sender_id
    from invites i left join state_keys t on t.nid = i.target_nid left join state_keys s on s.nid = i.sender_nid
    where i.event_nid in (${list(nids)})`.execute(db)
  const byEvent = new Map(rows.map((row) => [row.event, row]))
  const enders = await tables.events.byNids(
    db,
    rows.map(({ retired }) => retired ?? NO_NID),
  )
  for (const { event, said } of page) {
    const row = byEvent.get(event.nid)
    const user = textIn(said, 'state_key')
    const sender = textIn(said, 'sender') ?? ''
    const isInvite =
      textIn(said, 'type') === 'm.room.member' &&
      user !== undefined &&
      contentText(said, 'membership') === 'invite'
    if (row === undefined) {
      if (!isInvite || !isCurrent(event) || keys.get(event.stateKeyNid) !== user) continue
      const rebuild = sql`insert into invites (event_nid, room_nid, target_nid, sender_nid, retired_by)
        select ${sql.lit(event.nid)}, ${sql.lit(room.nid)}, ${sql.lit(event.stateKeyNid)}, nid, null from state_keys where text = ${sender}`
      yield { event, kind: 'link', what: `invites ${user}, but is not in the table of invites`, rebuild }
      continue
    }
    if (!isInvite) {
      const rebuild = sql`delete from invites where event_nid = ${event.nid}`
      yield { event, kind: 'link', what: 'is in the table of invites, but is not an invite', rebuild }
      continue
    }
    if (row.target_id !== user || row.sender_id !== sender) {
      const rebuild = sql`update invites set
        target_nid = coalesce((select nid from state_keys where text = ${user}), target_nid),
        sender_nid = coalesce((select nid from state_keys where text = ${sender}), sender_nid)
        where event_nid = ${event.nid}`
      const stored = `${row.target_id ?? 'nobody'} by ${row.sender_id ?? 'nobody'}`
      yield {
        event,
        kind: 'link',
        what: `invites ${user} by ${sender}, but the table of invites says ${stored}`,
        rebuild,
      }
    }
    if (row.retired === null || row.retired === NO_NID) continue
    const ender = enders.find(({ nid }) => nid === row.retired)
    if (ender?.roomNid === room.nid) continue
    // That it ended is kept; what ended it is told to nobody but the component that heard of it then.
    const rebuild = sql`update invites set retired_by = 0 where event_nid = ${event.nid}`
    yield {
      event,
      kind: 'link',
      what: 'is an invite that was retired by an event that is not stored',
      rebuild,
    }
  }
}

interface RedactionRow {
  readonly redaction: EventNid
  readonly applied: number
  readonly redacts: EventId
}

async function* wrongRedactions(
  { db, tables, room }: LinkContext,
  page: readonly ReadEvent[],
): AsyncGenerator<WrongLink, void, void> {
  const nids = page.map(({ event }) => event.nid)
  const { rows } = await sql<RedactionRow>`select redaction_nid as redaction, applied, redacts from redactions
    where redaction_nid in (${list(nids)})`.execute(db)
  const byRedaction = new Map(rows.map((row) => [row.redaction, row]))
  const redacted = page.map(({ said }) => redactsIn(said)).filter((id) => id !== undefined)
  const named = [...redacted, ...rows.map(({ redacts }) => redacts)]
  const targets = await tables.events.byIds(db, named)
  const purged = new Set(await tables.purgedEvents.among(db, room.nid, named))
  for (const { event, said } of page) {
    const row = byRedaction.get(event.nid)
    const isRedaction = textIn(said, 'type') === 'm.room.redaction' && textIn(said, 'state_key') === undefined
    const redacts = isRedaction ? redactsIn(said) : undefined
    const target = targets.find(({ eventId }) => eventId === (redacts ?? row?.redacts))
    const applied = target?.redactedBy === event.nid
    if (row === undefined) {
      if (redacts === undefined || redacts === event.eventId || event.verdict !== 'accepted') continue
      const rebuild = sql`insert into redactions (redaction_nid, room_nid, applied, redacts)
        values (${event.nid}, ${room.nid}, ${applied ? 1 : 0}, ${redacts})`
      yield {
        event,
        kind: 'link',
        what: `redacts ${redacts}, but is not in the table of redactions`,
        rebuild,
      }
    } else if (!isRedaction) {
      const rebuild = sql`delete from redactions where redaction_nid = ${event.nid}`
      yield { event, kind: 'link', what: 'is in the table of redactions, but is not a redaction', rebuild }
    } else if (redacts !== undefined && redacts !== row.redacts) {
      const rebuild = sql`update redactions set redacts = ${redacts}, applied = ${applied ? 1 : 0}
        where redaction_nid = ${event.nid}`
      yield {
        event,
        kind: 'link',
        what: `redacts ${redacts}, but the table of redactions says ${row.redacts}`,
        rebuild,
      }
    } else if (applied && row.applied === 0) {
      const rebuild = sql`update redactions set applied = 1 where redaction_nid = ${event.nid}`
      yield {
        event,
        kind: 'link',
        what: `has redacted ${row.redacts}, but the table of redactions says that it has not`,
        rebuild,
      }
    } else if (!applied && row.applied === 1 && (target === undefined || target.redactedBy !== NO_NID)) {
      // One that was purged is redacted again should it come again.
      if (target === undefined && purged.has(row.redacts)) continue
      // Of an event that is stored as if it had not been redacted, auditRecord says so.
      const rebuild = sql`update redactions set applied = 0 where redaction_nid = ${event.nid}`
      yield {
        event,
        kind: 'link',
        what: `has not redacted ${row.redacts}, but the table of redactions says that it has`,
        rebuild,
      }
    }
  }
}

/** What a redaction redacts, wherever its version has that; one that was redacted itself need not say it. */
function redactsIn(said: ReadEvent['said']): string | undefined {
  return textIn(said, 'redacts') ?? contentText(said, 'redacts')
}

async function* wrongPrev(
  { db, tables, room, remote }: LinkContext,
  page: readonly ReadEvent[],
): AsyncGenerator<WrongLink, void, void> {
  const inGraph = page.filter(({ event }) => event.before !== NO_NID)
  const here = new Set(page.map(({ event }) => event.eventId))
  const elsewhere = [...new Set(inGraph.flatMap(({ said }) => prevEventsIn(said)))].filter(
    (id) => !here.has(id),
  )
  const stored = new Set((await tables.events.byIds(db, elsewhere)).map(({ eventId }) => eventId))
  const missing = new Set(elsewhere.filter((id) => !stored.has(id)))
  if (missing.size === 0) return
  const noted = await tables.missingPrevEvents.naming(db, [...missing])
  const purged = new Set(await tables.purgedEvents.among(db, room.nid, [...missing]))
  for (const { event, said } of inGraph) {
    const lacks = prevEventsIn(said).filter((id) => missing.has(id))
    for (const prev of lacks) {
      if (noted.some((row) => row.prev === prev && row.by === event.nid)) continue
      const rebuild = sql`insert into missing_prev_events (prev, by_nid) values (${prev}, ${event.nid})`
      yield {
        event,
        kind: 'link',
        what: `has the prev event ${prev}, which is missing, but is not in the table of missing prev events`,
        rebuild,
      }
    }
    const state = remote.get(event.nid)
    if (lacks.length === 0 || (state !== undefined && !state.isVerified)) continue
    // The state before it was known when what it builds on was purged.
    if (state !== undefined && lacks.every((id) => purged.has(id))) continue
    const what =
      state === undefined
        ? 'has a remote state before it, but is not in the table of remote states'
        : 'has missing prev events, but its state is marked as derived from all of them'
    const rebuild = sql`insert into remote_states (event_nid, room_nid, waits_for, verified)
      values (${event.nid}, ${room.nid}, ${event.nid}, 0)
      on conflict (event_nid) do update set waits_for = excluded.waits_for, verified = 0`
    yield { event, kind: 'link', what, rebuild }
  }
}
