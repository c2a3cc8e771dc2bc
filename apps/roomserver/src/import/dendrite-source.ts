import { paged } from '@roomserver/types'
import type { Rows } from './rows.ts'

/** A room as Dendrite stores it. Numeric IDs here are Dendrite's own. */
export interface DendriteRoom {
  readonly room_nid: number
  readonly room_id: string
  readonly room_version: string
  readonly state_snapshot_nid: number
  readonly last_event_sent_nid: number
  readonly latest_event_nids: readonly number[]
}

/** An event without its text. */
export interface DendriteEvent {
  readonly event_nid: number
  readonly event_id: string
  readonly event_type_nid: number
  readonly event_state_key_nid: number
  readonly state_snapshot_nid: number
  readonly depth: number
  readonly is_rejected: boolean
  readonly auth_event_nids: readonly number[]
}

export interface DendriteMembership {
  readonly target: string
  /** 1 leave or ban, 2 invite, 3 join, 4 knock. */
  readonly membership_nid: number
  readonly event_nid: number
  readonly target_local: boolean
  readonly forgotten: boolean
}

export interface DendriteInvite {
  readonly invite_event_id: string
  readonly target: string
  readonly sender: string | null
  readonly retired: boolean
  readonly invite_event_json: string
}

export interface DendriteRedaction {
  readonly redaction_event_id: string
  readonly redacts_event_id: string
  readonly validated: boolean
}

/** Reads the database of a Dendrite room server, of August 2022 or near it, on PostgreSQL or SQLite. */
export type DendriteSource = ReturnType<typeof dendriteSource>

const PAGE = 5000

export function dendriteSource(rows: Rows) {
  return {
    async rooms(): Promise<readonly DendriteRoom[]> {
      const found = await rows.read<DendriteRoom & { latest_event_nids: unknown }>(
        'select room_nid, room_id, room_version, state_snapshot_nid, last_event_sent_nid, latest_event_nids from roomserver_rooms order by room_nid',
      )
      return found.map((room) => ({ ...room, latest_event_nids: numbers(room.latest_event_nids) }))
    },

    async eventsOfRoom(roomNid: number): Promise<readonly DendriteEvent[]> {
      const found = await rows.read<DendriteEvent & { auth_event_nids: unknown; is_rejected: unknown }>(
        'select event_nid, event_id, event_type_nid, event_state_key_nid, state_snapshot_nid, depth, is_rejected, auth_event_nids from roomserver_events where room_nid IN_LIST order by event_nid',
        [roomNid],
      )
      return found.map((event) => ({
        ...event,
        is_rejected: Boolean(event.is_rejected),
        auth_event_nids: numbers(event.auth_event_nids),
      }))
    },

    /** The texts of events, by numeric ID. */
    async texts(nids: readonly number[]): Promise<ReadonlyMap<number, string>> {
      const found = await rows.read<{ event_nid: number; event_json: string }>(
        'select event_nid, event_json from roomserver_event_json where event_nid IN_LIST',
        nids,
      )
      return new Map(found.map((row) => [row.event_nid, row.event_json]))
    },

    /** The blocks of each snapshot, oldest first. */
    snapshotsOfRoom: (roomNid: number) =>
      lists(
        rows,
        'select state_snapshot_nid as nid, state_block_nids as list from roomserver_state_snapshots where room_nid IN_LIST',
        [roomNid],
      ),

    /** The events of each block. */
    blocks: (nids: readonly number[]) =>
      lists(
        rows,
        'select state_block_nid as nid, event_nids as list from roomserver_state_block where state_block_nid IN_LIST',
        nids,
      ),

    eventTypes: () =>
      texts(
        rows,
        'select event_type_nid as nid, event_type as text from roomserver_event_types where event_type_nid > AFTER order by event_type_nid',
      ),

    stateKeys: () =>
      texts(
        rows,
        'select event_state_key_nid as nid, event_state_key as text from roomserver_event_state_keys where event_state_key_nid > AFTER order by event_state_key_nid',
      ),

    async memberships(roomNid: number): Promise<readonly DendriteMembership[]> {
      const found = await rows.read<DendriteMembership>(
        `select k.event_state_key as target, m.membership_nid, m.event_nid, m.target_local, m.forgotten
         from roomserver_membership m join roomserver_event_state_keys k on k.event_state_key_nid = m.target_nid where m.room_nid IN_LIST`,
        [roomNid],
      )
      return found.map((row) => ({
        ...row,
        target_local: Boolean(row.target_local),
        forgotten: Boolean(row.forgotten),
      }))
    },

    async invites(roomNid: number): Promise<readonly DendriteInvite[]> {
      const found = await rows.read<DendriteInvite>(
        `select i.invite_event_id, t.event_state_key as target, s.event_state_key as sender, i.retired, i.invite_event_json
         from roomserver_invites i join roomserver_event_state_keys t on t.event_state_key_nid = i.target_nid
         left join roomserver_event_state_keys s on s.event_state_key_nid = i.sender_nid where i.room_nid IN_LIST`,
        [roomNid],
      )
      return found.map((row) => ({ ...row, retired: Boolean(row.retired) }))
    },

    async redactions(): Promise<readonly DendriteRedaction[]> {
      const found = await rows.read<DendriteRedaction>(
        'select redaction_event_id, redacts_event_id, validated from roomserver_redactions',
      )
      return found.map((row) => ({ ...row, validated: Boolean(row.validated) }))
    },

    aliases: () =>
      rows.read<{ alias: string; room_id: string; creator_id: string }>(
        'select alias, room_id, creator_id from roomserver_room_aliases order by alias',
      ),

    async publishedRooms(): Promise<readonly string[]> {
      const found = await rows.read<{ room_id: string; published: unknown }>(
        'select room_id, published from roomserver_published order by room_id',
      )
      return found.filter((row) => Boolean(row.published)).map((row) => row.room_id)
    },
  }
}

/** A list of numbers: a list already from PostgreSQL, JSON text from SQLite. */
function numbers(value: unknown): readonly number[] {
  const list: unknown = typeof value === 'string' ? JSON.parse(value) : value
  return Array.isArray(list) ? list.map(Number) : []
}

async function lists(
  rows: Rows,
  sql: string,
  nids: readonly number[],
): Promise<ReadonlyMap<number, readonly number[]>> {
  const found = await rows.read<{ nid: number; list: unknown }>(sql, nids)
  return new Map(found.map((row) => [row.nid, numbers(row.list)]))
}

async function texts(rows: Rows, sql: string): Promise<ReadonlyMap<number, string>> {
  const all = new Map<number, string>()
  const read = (after: number, limit: number) =>
    rows.read<{ nid: number; text: string }>(`${sql} limit ${limit}`, [], after)
  for await (const page of paged({ read, keyOf: ({ nid }) => nid, first: 0, limit: PAGE }))
    for (const { nid, text } of page) all.set(nid, text)
  return all
}
