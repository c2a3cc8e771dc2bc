import { DatabaseSync } from 'node:sqlite'
import type { RoomBuilder } from '@roomserver/testing'

/** A database as the Dendrite room server of 2022 keeps it on SQLite, with one room in it. */
export interface DendriteDatabase extends Disposable {
  readonly file: string
  run(sql: string, ...values: (string | number)[]): void
}

const SCHEMA = `
create table roomserver_rooms (room_nid integer primary key, room_id text, latest_event_nids text, last_event_sent_nid integer, state_snapshot_nid integer, room_version text);
create table roomserver_events (event_nid integer primary key, room_nid integer, event_type_nid integer, event_state_key_nid integer, sent_to_output boolean, state_snapshot_nid integer, depth integer, event_id text, reference_sha256 blob, auth_event_nids text, is_rejected boolean);
create table roomserver_event_json (event_nid integer primary key, event_json text);
create table roomserver_event_types (event_type_nid integer primary key, event_type text);
create table roomserver_event_state_keys (event_state_key_nid integer primary key, event_state_key text);
create table roomserver_state_snapshots (state_snapshot_nid integer primary key, state_snapshot_hash blob, room_nid integer, state_block_nids text);
create table roomserver_state_block (state_block_nid integer primary key, state_block_hash blob, event_nids text);
create table roomserver_membership (room_nid integer, target_nid integer, sender_nid integer, membership_nid integer, event_nid integer, target_local boolean, forgotten boolean);
create table roomserver_invites (invite_event_id text primary key, room_nid integer, target_nid integer, sender_nid integer, retired boolean, invite_event_json text);
create table roomserver_redactions (redaction_event_id text primary key, redacts_event_id text, validated boolean);
create table roomserver_room_aliases (alias text primary key, room_id text, creator_id text);
create table roomserver_published (room_id text primary key, published boolean);
`

/**
 * Writes a room whose events follow each other without forks. Each state is a snapshot of the block before and one more
 * block of one event, until there are many; then one block of all.
 *
 * @param refused - events that the room server had marked as rejected (it keeps one mark for all kinds)
 */
export function writeDendriteDatabase(
  file: string,
  room: RoomBuilder,
  refused: ReadonlySet<string> = new Set(),
): DendriteDatabase {
  const database = new DatabaseSync(file)
  database.exec(SCHEMA)
  const run = (sql: string, ...values: (string | number)[]) => {
    database.prepare(sql).run(...values)
  }
  const texts = { types: new Map<string, number>(), keys: new Map<string, number>([['', 1]]) }
  const nidOf = (known: Map<string, number>, text: string) => {
    const nid = known.get(text) ?? 65_536 + known.size
    known.set(text, nid)
    return nid
  }
  const numbers = new Map(room.events.map((pdu, index) => [pdu.eventId, index + 1]))
  const state = new Map<string, number>()
  let blocks: number[] = []
  let block = 0
  room.events.forEach((pdu, index) => {
    const nid = index + 1
    const snapshot = nid
    const type = nidOf(texts.types, pdu.type)
    const key = pdu.stateKey === undefined ? 0 : nidOf(texts.keys, pdu.stateKey)
    run(
      'insert into roomserver_state_snapshots values (?, ?, 1, ?)',
      snapshot,
      `s${snapshot}`,
      JSON.stringify(blocks),
    )
    const referenced = JSON.stringify(pdu.authEvents.map((id) => numbers.get(id)))
    const isRefused = refused.has(pdu.eventId) ? 1 : 0
    run(
      'insert into roomserver_events values (?, 1, ?, ?, 1, ?, ?, ?, ?, ?, ?)',
      nid,
      type,
      key,
      snapshot,
      pdu.depth,
      pdu.eventId,
      '',
      referenced,
      isRefused,
    )
    run('insert into roomserver_event_json values (?, ?)', nid, pdu.json)
    if (pdu.stateKey === undefined || isRefused === 1) return
    state.set(`${type} ${key}`, nid)
    block++
    const isFull = blocks.length >= 5
    run(
      'insert into roomserver_state_block values (?, ?, ?)',
      block,
      `b${block}`,
      JSON.stringify(isFull ? [...state.values()] : [nid]),
    )
    blocks = isFull ? [block] : [...blocks, block]
  })
  const current = room.events.length + 1
  run(
    'insert into roomserver_state_snapshots values (?, ?, 1, ?)',
    current,
    'current',
    JSON.stringify(blocks),
  )
  const extremities = JSON.stringify(
    room.extremities.filter((pdu) => !refused.has(pdu.eventId)).map((pdu) => numbers.get(pdu.eventId)),
  )
  run(
    'insert into roomserver_rooms values (1, ?, ?, ?, ?, ?)',
    room.roomId,
    extremities,
    current - 1,
    current,
    room.rules.version,
  )
  for (const [text, nid] of texts.types) run('insert into roomserver_event_types values (?, ?)', nid, text)
  for (const [text, nid] of texts.keys)
    run('insert into roomserver_event_state_keys values (?, ?)', nid, text)
  for (const pdu of room.events) {
    if (pdu.type !== 'm.room.member' || refused.has(pdu.eventId)) continue
    const target = texts.keys.get(pdu.stateKey ?? '') ?? 0
    const membership = pdu.content['membership'] === 'join' ? 3 : 1
    run('delete from roomserver_membership where target_nid = ?', target)
    run(
      'insert into roomserver_membership values (1, ?, 0, ?, ?, 1, 0)',
      target,
      membership,
      numbers.get(pdu.eventId) ?? 0,
    )
  }
  return { file, run, [Symbol.dispose]: () => database.close() }
}
