import { EMPTY_STATE_KEY_NID, EVENT_TYPE_NIDS, FIRST_FREE_NID, type Nids } from '@roomserver/types'
import { type Kysely, sql } from 'kysely'
import type { Migration } from './migration.ts'
import type { TableDefinition } from './tables.ts'

const TABLES: readonly TableDefinition[] = [
  {
    name: 'counters',
    about: 'The next free NID of each kind. Ranges are taken out; what a process does not use is lost.',
    columns: { kind: 'text', next: 'int' },
    key: ['kind'],
  },
  {
    name: 'event_types',
    about: 'Event types by NID; those below 65,536 are the same in every database.',
    columns: { nid: 'int', text: 'text' },
    key: ['nid'],
    unique: [['text']],
  },
  {
    name: 'state_keys',
    about: 'State keys by NID, and so the user IDs of everyone who is or was a member of a room.',
    columns: { nid: 'int', text: 'text' },
    key: ['nid'],
    unique: [['text']],
  },
  {
    name: 'rooms',
    about:
      'Every room. revision: one more with every commit to the room. current_nid: snapshot of the current state (0: a stub without create event). last_sent_nid: event of the latest new_room_event. extremities: event NIDs as varints.',
    columns: {
      nid: 'int',
      revision: 'int',
      current_nid: 'int',
      last_sent_nid: 'int',
      depth: 'int',
      output_seq: 'int',
      room_id: 'text',
      version: 'text',
      extremities: 'blob',
    },
    key: ['nid'],
    unique: [['room_id']],
  },
  {
    name: 'events',
    about:
      'Every event that was stored. verdict: 0 outlier, 1 accepted, 2 soft-failed, 3 rejected by its auth events, 4 rejected by the state before it; rule and reason say why. auth_nids: event NIDs as varints. json: the event in the federation format (the redacted one where redacted_by is not 0).',
    columns: {
      nid: 'int',
      room_nid: 'int',
      type_nid: 'int',
      state_key_nid: 'int',
      depth: 'int',
      auth_level: 'int',
      before_nid: 'int',
      after_nid: 'int',
      redacted_by: 'int',
      verdict: 'small',
      event_id: 'text',
      rule: 'text?',
      reason: 'text?',
      auth_nids: 'blob',
      json: 'text',
    },
    key: ['nid'],
    unique: [['event_id']],
    indexes: [['room_nid']],
  },
  {
    name: 'dangling_prev',
    about: 'Prev events that were not stored when an event that names them came in.',
    columns: { prev: 'text', by_nid: 'int' },
    longTexts: ['prev'],
  },
  {
    name: 'blocks',
    about:
      'State blocks. entries: (type, state key, event) NIDs, sorted, each as its distance from the one before.',
    columns: { nid: 'int', hash: 'blob', entries: 'blob' },
    key: ['nid'],
    unique: [['hash']],
  },
  {
    name: 'snapshots',
    about: 'State snapshots. blocks: block NIDs as varints; a later block overrides an earlier one.',
    columns: { nid: 'int', room_nid: 'int', hash: 'blob', blocks: 'blob' },
    key: ['nid'],
    unique: [['room_nid', 'hash']],
  },
  {
    name: 'memberships',
    about:
      "Who is what in a room by its current state. membership: 1 join, 2 invite, 3 knock, 4 leave, 5 ban. server: what stands behind the first colon of the user's ID.",
    columns: {
      room_nid: 'int',
      user_nid: 'int',
      event_nid: 'int',
      membership: 'small',
      local: 'small',
      forgotten: 'small',
      server: 'text',
    },
    key: ['room_nid', 'user_nid'],
    indexes: [
      ['user_nid', 'membership'],
      ['room_nid', 'membership', 'server'],
    ],
  },
  {
    name: 'invites',
    about: 'Invites. retired_by: the event that ended it (0: none did, null: it is pending).',
    columns: { event_nid: 'int', room_nid: 'int', target_nid: 'int', sender_nid: 'int', retired_by: 'int?' },
    key: ['event_nid'],
    indexes: [['target_nid', 'room_nid']],
  },
  {
    name: 'redactions',
    about: 'Redactions and what they redact, which may not be stored yet.',
    columns: { redaction_nid: 'int', room_nid: 'int', applied: 'small', redacts: 'text' },
    key: ['redaction_nid'],
    longTexts: ['redacts'],
  },
  {
    name: 'journal',
    about:
      "Every change of a room's current state. cause: 0 event, 1 resolution, 2 rewrite, 3 repair. weighed: event NIDs as varints. reset: 1 where the entry fell back to an older event or to none.",
    columns: {
      room_nid: 'int',
      revision: 'int',
      place: 'int',
      type_nid: 'int',
      state_key_nid: 'int',
      from_nid: 'int',
      to_nid: 'int',
      cause_nid: 'int',
      cause: 'small',
      reset: 'small',
      weighed: 'blob?',
      repaired_by: 'text?',
    },
    key: ['room_nid', 'revision', 'place'],
  },
  {
    name: 'outputs',
    about:
      'The outbox, and in the embedded form the output log. seq counts in the room without a gap. body: the output without its event.',
    columns: {
      position: 'position',
      room_nid: 'int',
      seq: 'int',
      event_nid: 'int',
      kind: 'small',
      body: 'text',
    },
    unique: [['room_nid', 'seq']],
  },
  {
    name: 'inbox',
    about: 'Asynchronous input that was answered but is not settled yet.',
    columns: { position: 'position', room_id: 'text', payload: 'text' },
  },
  {
    name: 'transactions',
    about:
      'Transactions of clients and the events that they made. transaction_id: its SHA-256 where it is longer than 512 characters.',
    columns: { session_id: 'int', user_id: 'text', transaction_id: 'text', event_id: 'text' },
    key: ['session_id', 'user_id', 'transaction_id'],
  },
  {
    name: 'aliases',
    about: 'Room aliases of this server.',
    columns: { alias: 'text', room_id: 'text', creator: 'text' },
    key: ['alias'],
    indexes: [['room_id']],
  },
  {
    name: 'published_rooms',
    about: 'The rooms of the room directory.',
    columns: { room_id: 'text' },
    key: ['room_id'],
  },
]

/** Rows that every database begins with: preassigned NIDs, and where the others start. */
async function preassign<S>(db: Kysely<S>): Promise<void> {
  for (const [text, nid] of EVENT_TYPE_NIDS) {
    await sql`insert into event_types (nid, text) values (${nid}, ${text})`.execute(db)
  }
  await sql`insert into state_keys (nid, text) values (${EMPTY_STATE_KEY_NID}, ${''})`.execute(db)
  for (const kind of KINDS) {
    await sql`insert into counters (kind, next) values (${kind}, ${FIRST_FREE_NID})`.execute(db)
  }
}

const KINDS: readonly (keyof Nids)[] = ['room', 'event', 'eventType', 'stateKey', 'snapshot', 'block']

export const roomsAndEvents: Migration = {
  version: 1,
  name: 'rooms and events',
  breaking: true,
  tables: TABLES,
  up: preassign,
}
