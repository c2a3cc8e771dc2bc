import type { DamagedStore } from './damaged-store.ts'

/**
 * Damage to a table: the statements that do it, what a check says of it, and whether `--repair` puts it right.
 * `rebuilt`: nothing is left to be found, and everything is served as before. `left`: it is said, and nothing gets worse.
 */
export interface Damage {
  readonly statements: readonly string[]
  readonly said: RegExp
  readonly repair: 'rebuilt' | 'left'
}

/** Why there is no damage to be found, or none that does any harm. */
export type Reason = `harmless: ${string}` | `unknowable: ${string}`

/** By column, and for a row that is deleted or added. */
export type TableDamages = Readonly<Record<string, Damage | Reason>> & {
  readonly 'a row is deleted': Damage | Reason
  readonly 'a row is added': Damage | Reason
}

const rebuilt = (said: RegExp, ...statements: string[]): Damage => ({ statements, said, repair: 'rebuilt' })
const left = (said: RegExp, ...statements: string[]): Damage => ({ statements, said, repair: 'left' })

const WISH = 'unknowable: it is what somebody wished, and stands nowhere else'
const GONE = 'unknowable: what it tells of is not stored any more'
const SPARE =
  'unknowable: it is needed only where the message server loses what it stored, which was right once'
const COMPARED = 'harmless: it is compared with the message server, and written anew'
const PASSING = 'harmless: it is worked off, or runs out, in a moment'

/** A damage, or a reason why there is none, for every table and column. */
export function storeDamages({
  named,
  blob,
}: Pick<DamagedStore, 'named' | 'blob'>): Readonly<Record<string, TableDamages>> {
  const {
    roomId,
    otherRoomId,
    topic,
    name,
    message,
    redacted,
    redaction,
    oldLevels,
    invite,
    rejected,
    late,
    last,
  } = named
  const nid = (id: string) => `(select nid from events where event_id = '${id}')`
  const room = `(select nid from rooms where room_id = '${roomId}')`
  const other = `(select nid from rooms where room_id = '${otherRoomId}')`
  const user = (id: string) => `(select nid from state_keys where text = '${id}')`
  const event = (id: string, change: string) => `update events set ${change} where event_id = '${id}'`
  const ofRoom = (change: string) => `update rooms set ${change} where room_id = '${roomId}'`
  const state = `(select before_nid from events where event_id = '${redacted}')`
  const someBlock = `(select nid from blocks order by nid limit 1 offset 2)`
  const bob = `room_nid = ${room} and user_nid = ${user('@bob:b')}`
  const firstChange = `room_nid = ${room} and to_nid = ${nid(oldLevels)}`
  const firstOutput = `room_nid = ${room} and seq = 3`
  return {
    schema_versions: {
      version:
        'unknowable: the program does not start, as it runs the step again, or finds one that it does not know',
      name: 'harmless: it is for who reads the table',
      breaking: 'harmless: it counts for steps that a program does not know',
      applied_ts: 'harmless: it is for who reads the table',
      'a row is deleted': 'unknowable: the program does not start, as it runs the step again',
      'a row is added': 'harmless: the program warns of it, or does not start',
    },
    store_facts: {
      name: 'harmless: the program writes the name of its server again when it starts',
      value: 'unknowable: the program does not start, as the store is of another server',
      'a row is deleted': 'harmless: the program writes the name of its server again when it starts',
      'a row is added': 'harmless: nothing reads it',
    },
    counters: {
      kind: rebuilt(
        /the counter of event NIDs is at 0/,
        `update counters set kind = 'evnt' where kind = 'event'`,
      ),
      next: rebuilt(
        /the counter of event NIDs is at 65536/,
        `update counters set next = 65536 where kind = 'event'`,
      ),
      'a row is deleted': rebuilt(
        /the counter of room NIDs is at 0/,
        `delete from counters where kind = 'room'`,
      ),
      'a row is added': 'harmless: nothing counts by it',
    },
    event_types: {
      nid: rebuilt(
        /has type "m.room.topic", but none is stored/,
        `update event_types set nid = 70000 where text = 'm.room.topic'`,
      ),
      text: rebuilt(
        /has type "m.room.topic", but "m.room.tropic"/,
        `update event_types set text = 'm.room.tropic' where text = 'm.room.topic'`,
      ),
      'a row is deleted': rebuilt(
        /has type "m.room.member", but none is stored/,
        `delete from event_types where text = 'm.room.member'`,
      ),
      'a row is added': 'harmless: no event refers to it',
    },
    state_keys: {
      nid: rebuilt(
        /has state key "@bob:b", but the text of the stored one is lost/,
        `update state_keys set nid = 70000 where text = '@bob:b'`,
      ),
      text: rebuilt(
        /has state key "@bob:b", but "@rob:b"/,
        `update state_keys set text = '@rob:b' where text = '@bob:b'`,
      ),
      'a row is deleted': rebuilt(
        /the state key "" is not stored as such/,
        `delete from state_keys where text = ''`,
      ),
      'a row is added': 'harmless: no event refers to it',
    },
    blocked_rooms: {
      room_id: WISH,
      blocked_by: WISH,
      reason: WISH,
      since_ts: WISH,
      'a row is deleted': WISH,
      'a row is added': WISH,
    },
    history_purges: {
      room_id: WISH,
      room_nid: 'harmless: nothing is deleted of a room that has another NID',
      before_depth: WISH,
      before_ts: WISH,
      requested_by: WISH,
      step: 'harmless: the purge begins again, or goes on with what is outside the graph',
      events: 'harmless: it is for who waits',
      removed_events: 'harmless: it is for who waits',
      deleted_events: 'harmless: it is for who waits',
      since_ts: 'harmless: it is for who reads the table',
      step_ts: 'harmless: other processes drop what they have cached later',
      'a row is deleted': WISH,
      'a row is added': WISH,
    },
    purged_events: {
      room_nid: GONE,
      event_id: GONE,
      'a row is deleted': GONE,
      'a row is added': 'unknowable: an event that was never here does not come in',
    },
    purges: {
      room_id: WISH,
      room_nid:
        'harmless: nothing is deleted of a room that is stored; what is left of one that was taken out is found',
      requested_by: WISH,
      forced: WISH,
      step: WISH,
      reason: WISH,
      events: 'harmless: it is for who waits',
      deleted_events: 'harmless: it is for who waits',
      since_ts: 'harmless: it is for who reads the table',
      step_ts: 'harmless: the purge waits longer, or not at all',
      'a row is deleted': WISH,
      'a row is added': 'harmless: nothing is deleted of a room that is stored',
    },
    rooms: {
      nid: rebuilt(/events of !room:a .* belong to a room that is not stored/, ofRoom('nid = 99999')),
      revision: rebuilt(/is later than the revision of the room/, ofRoom('revision = 2')),
      current_nid: rebuilt(
        /entries of the current state do not follow|does not lead to the current/,
        ofRoom(`current_nid = (select before_nid from events where event_id = '${topic}')`),
      ),
      last_sent_nid: rebuilt(
        /the last sent event is not the event of the latest output/,
        ofRoom(`last_sent_nid = ${nid(topic)}`),
      ),
      depth: rebuilt(/the room has depth 999/, ofRoom('depth = 999')),
      purged_depth: GONE,
      output_seq: rebuilt(/the counter of the room is at 2/, ofRoom('output_seq = 2')),
      room_id: left(/is an event of !room:a by its text/, ofRoom(`room_id = '!moor:a'`)),
      version: rebuilt(/the room has version "10" by its create event, but "9"/, ofRoom(`version = '9'`)),
      extremities: rebuilt(
        /forward extremities of !room:a cannot be parsed/,
        ofRoom(`extremities = ${blob('ff')}`),
      ),
      'a row is deleted': rebuilt(
        /events of !room:a .* belong to a room that is not stored/,
        `delete from rooms where room_id = '${roomId}'`,
      ),
      'a row is added': 'harmless: a room without events is a stub, as of an invite that is gone',
    },
    events: {
      nid: left(/not stored|is missing/, event(message, 'nid = 90000000')),
      room_nid: rebuilt(
        /1 events of !room:a .* belong to a room that is not stored/,
        event(topic, 'room_nid = 99999'),
      ),
      type_nid: rebuilt(/has type "m.room.topic", but "m.room.power_levels"/, event(topic, 'type_nid = 2')),
      state_key_nid: rebuilt(/has state key "", but none/, event(topic, 'state_key_nid = 0')),
      depth: rebuilt(/has depth \d+, but 99 is stored/, event(topic, 'depth = 99')),
      auth_level: rebuilt(/is stored before one of its auth events/, event(topic, 'auth_level = 0')),
      before_nid: rebuilt(/has a state before it that is not stored/, event(topic, 'before_nid = 99999999')),
      after_nid: rebuilt(/has a state after it/, event(topic, 'after_nid = before_nid')),
      redacted_by: left(/which is not a redaction/, event(message, 'redacted_by = nid')),
      verdict: rebuilt(/is rejected-by-state, but the rules allow it/, event(name, 'verdict = 4')),
      event_id: left(/does not have the hash that its ID says/, event(message, `event_id = '$other'`)),
      rule: rebuilt(/is rejected-by-\S+ by rule nonsense/, event(rejected, `rule = 'nonsense'`)),
      reason: rebuilt(/a rule or reason of a rejection is stored/, event(topic, `reason = 'nonsense'`)),
      auth_nids: rebuilt(
        /the auth events of event .* cannot be parsed/,
        event(topic, `auth_nids = ${blob('ff')}`),
      ),
      json: left(/does not match its content hash/, event(topic, `json = replace(json, '"one"', '"two"')`)),
      auth_content: left(
        /the content kept for the rules cannot be parsed/,
        event(oldLevels, `auth_content = 'nonsense'`),
      ),
      'a row is deleted': left(
        /has the prev event \S+, which is missing, but is not in the table/,
        `delete from events where event_id = '${message}'`,
      ),
      'a row is added': left(
        /does not have the hash that its ID says|does not match its content hash/,
        `insert into events (nid, room_nid, type_nid, state_key_nid, depth, auth_level, before_nid, after_nid, redacted_by, verdict, event_id, rule, reason, auth_nids, json, auth_content)
          select 65900, room_nid, type_nid, state_key_nid, depth, auth_level, before_nid, after_nid, redacted_by, verdict, '$added', rule, reason, auth_nids, json, auth_content from events where event_id = '${message}'`,
      ),
    },
    missing_prev_events: {
      prev: rebuilt(
        /has the prev event \S+, which is missing, but is not in the table/,
        `update missing_prev_events set prev = '$nothing'`,
      ),
      by_nid: rebuilt(
        /has the prev event \S+, which is missing, but is not in the table/,
        `update missing_prev_events set by_nid = 99999999`,
      ),
      'a row is deleted': rebuilt(
        /has the prev event \S+, which is missing, but is not in the table/,
        'delete from missing_prev_events',
      ),
      'a row is added': rebuilt(
        /1 missing prev events are stored for events that do not refer to them/,
        `insert into missing_prev_events values ('$nothing', ${nid(topic)})`,
      ),
    },
    blocks: {
      nid: rebuilt(
        /lacks 1 of its|cannot be re-evaluated/,
        `update blocks set nid = 90000000 where nid = ${someBlock}`,
      ),
      hash: rebuilt(
        /has a block that does not match its hash/,
        `update blocks set hash = ${blob('00112233445566778899aabbccddeeff')} where nid = ${someBlock}`,
      ),
      entries: rebuilt(
        /has a block that (?:cannot be read|does not match its hash)/,
        `update blocks set entries = ${blob('ff')} where nid = ${someBlock}`,
      ),
      'a row is deleted': rebuilt(/lacks 1 of its/, `delete from blocks where nid = ${someBlock}`),
      'a row is added': 'harmless: no state refers to it',
    },
    snapshots: {
      nid: rebuilt(
        /has a state (?:before|after) it that is not stored/,
        `update snapshots set nid = 90000000 where nid = ${state}`,
      ),
      room_nid: rebuilt(
        /has a state (?:before|after) it that is not stored/,
        `update snapshots set room_nid = 99999 where nid = ${state}`,
      ),
      hash: rebuilt(
        /does not match its hash/,
        `update snapshots set hash = ${blob('00112233445566778899aabbccddeeff')} where nid = ${state}`,
      ),
      blocks: rebuilt(
        /the block list of a state of !room:a cannot be parsed/,
        `update snapshots set blocks = ${blob('ff')} where nid = ${state}`,
      ),
      'a row is deleted': rebuilt(
        /has a state (?:before|after) it that is not stored/,
        `delete from snapshots where nid = ${state}`,
      ),
      'a row is added': 'harmless: the scrubber gives back the space of what nothing refers to',
    },
    memberships: {
      room_nid: rebuilt(
        /the table of memberships, for @bob:b, has nothing/,
        `update memberships set room_nid = 99999 where ${bob}`,
      ),
      user_nid: left(
        /the table of memberships, for @bob:b, has nothing/,
        `update memberships set user_nid = 99999 where ${bob}`,
      ),
      event_nid: rebuilt(
        /the table of memberships, for @bob:b, has/,
        `update memberships set event_nid = ${nid(invite)} where ${bob}`,
      ),
      membership: rebuilt(
        /the table of memberships, for @bob:b, says ban/,
        `update memberships set membership = 5 where ${bob}`,
      ),
      local: rebuilt(
        /the table of memberships, for @bob:b, says that the user is one of this server/,
        `update memberships set local = 1 where ${bob}`,
      ),
      forgotten: WISH,
      server: rebuilt(
        /the table of memberships, for @bob:b, has "x" as the server/,
        `update memberships set server = 'x' where ${bob}`,
      ),
      'a row is deleted': rebuilt(
        /the table of memberships, for @bob:b, has nothing/,
        `delete from memberships where ${bob}`,
      ),
      'a row is added': rebuilt(
        /the table of memberships, for a user whose ID is not stored,/,
        `insert into memberships values (${room}, 99999, ${nid(invite)}, 1, 0, 0, 'x')`,
      ),
    },
    invites: {
      event_nid: rebuilt(
        /invites @carol:c, but is not in the table/,
        `update invites set event_nid = 99999999 where event_nid = ${nid(invite)}`,
      ),
      room_nid: rebuilt(
        /1 rows of the table of invites/,
        `update invites set room_nid = ${other} where event_nid = ${nid(invite)}`,
      ),
      target_nid: rebuilt(
        /invites @carol:c by @alice:a, but the table of invites says @bob:b/,
        `update invites set target_nid = ${user('@bob:b')} where event_nid = ${nid(invite)}`,
      ),
      sender_nid: rebuilt(
        /the table of invites says @carol:c by nobody/,
        `update invites set sender_nid = 99999 where event_nid = ${nid(invite)}`,
      ),
      retired_by: rebuilt(
        /was retired by an event that is not stored/,
        `update invites set retired_by = 99999999 where retired_by is not null`,
      ),
      'a row is deleted': rebuilt(
        /invites @carol:c, but is not in the table/,
        `delete from invites where event_nid = ${nid(invite)}`,
      ),
      'a row is added': rebuilt(
        /is in the table of invites, but is not an invite/,
        `insert into invites values (${nid(topic)}, ${room}, ${user('@bob:b')}, ${user('@alice:a')}, null)`,
      ),
    },
    redactions: {
      redaction_nid: rebuilt(
        /redacts \S+, but is not in the table/,
        `update redactions set redaction_nid = 99999999 where redaction_nid = ${nid(redaction)}`,
      ),
      room_nid: rebuilt(
        /1 rows of the table of redactions/,
        `update redactions set room_nid = ${other} where redaction_nid = ${nid(redaction)}`,
      ),
      applied: rebuilt(
        /the table of redactions says that it has not/,
        `update redactions set applied = 0 where redaction_nid = ${nid(redaction)}`,
      ),
      redacts: rebuilt(
        /the table of redactions says \$nothing/,
        `update redactions set redacts = '$nothing' where redaction_nid = ${nid(redaction)}`,
      ),
      'a row is deleted': rebuilt(
        /redacts \S+, but is not in the table/,
        `delete from redactions where redaction_nid = ${nid(redaction)}`,
      ),
      'a row is added': rebuilt(
        /is in the table of redactions, but is not a redaction/,
        `insert into redactions values (${nid(topic)}, ${room}, 0, '${message}')`,
      ),
    },
    journal: {
      room_nid: left(
        /does not (?:start|continue)|does not lead/,
        `update journal set room_nid = ${other} where ${firstChange}`,
      ),
      revision: left(
        /is later than the revision of the room/,
        `update journal set revision = 9999 where ${firstChange}`,
      ),
      place: left(
        /does not continue the other changes of its revision/,
        `update journal set place = 5 where ${firstChange}`,
      ),
      type_nid: left(
        /does not start from the result of the previous change/,
        `update journal set type_nid = 3 where ${firstChange}`,
      ),
      state_key_nid: left(
        /is another entry of the state/,
        `update journal set state_key_nid = ${user('@bob:b')} where ${firstChange}`,
      ),
      from_nid: left(
        /does not start from the result of the previous change/,
        `update journal set from_nid = to_nid where ${firstChange}`,
      ),
      to_nid: left(
        /names events that are not stored|does not start/,
        `update journal set to_nid = 99999999 where ${firstChange}`,
      ),
      cause_nid: left(
        /names events that are not stored/,
        `update journal set cause_nid = 99999999 where ${firstChange}`,
      ),
      cause: left(/has an inconsistent cause/, `update journal set cause = 9 where ${firstChange}`),
      reset: left(/is wrongly marked as a reset/, `update journal set reset = 1 where ${firstChange}`),
      conflicted: left(
        /has a list of events that cannot be read/,
        `update journal set conflicted = ${blob('ff')} where ${firstChange}`,
      ),
      repaired_by: left(
        /has an inconsistent cause/,
        `update journal set repaired_by = 'x' where ${firstChange}`,
      ),
      'a row is deleted': left(
        /does not start from the result of the previous change/,
        `delete from journal where ${firstChange}`,
      ),
      'a row is added': left(
        /is later than the revision of the room/,
        `insert into journal select room_nid, 9999, 0, type_nid, state_key_nid, from_nid, to_nid, cause_nid, cause, reset, conflicted, repaired_by from journal where ${firstChange}`,
      ),
    },
    outputs: {
      position: left(
        /output 4 is stored before 3/,
        `update outputs set position = 90000 where ${firstOutput}`,
      ),
      room_nid: rebuilt(
        /the outputs between are lost/,
        `update outputs set room_nid = 99999 where ${firstOutput}`,
      ),
      seq: left(/the outputs between are lost/, `update outputs set seq = 9000 where ${firstOutput}`),
      event_nid: left(
        /output 3 carries an event that is not stored/,
        `update outputs set event_nid = 99999999 where ${firstOutput}`,
      ),
      kind: left(
        /output 3 has an event where its kind has none, or lacks one/,
        `update outputs set kind = 3 where ${firstOutput}`,
      ),
      body: left(
        /output 3 has a body that cannot be read/,
        `update outputs set body = 'nonsense' where ${firstOutput}`,
      ),
      'a row is deleted': left(/the outputs between are lost/, `delete from outputs where ${firstOutput}`),
      'a row is added': rebuilt(
        /the latest output is \d+, the counter of the room is at/,
        `insert into outputs (position, room_nid, seq, event_nid, kind, body) select (select max(position) + 1 from outputs), room_nid, max(seq) + 1, ${nid(last)}, 1, '{"history_visibility":"shared"}' from outputs where room_nid = ${room} group by room_nid`,
      ),
    },
    inbox: {
      position: 'harmless: input is taken in another order, as it may come in any',
      room_id: left(
        /input for !nowhere:a .* belongs to another room/,
        `update inbox set room_id = '!nowhere:a'`,
      ),
      payload: left(/input for !room:a .* cannot be parsed/, `update inbox set payload = 'nonsense'`),
      holder: 'harmless: another process takes it over once a lease of that name runs out',
      'a row is deleted': 'unknowable: it stands nowhere else until it is verified',
      'a row is added': 'harmless: it is judged as any input',
    },
    transactions: {
      session_id: 'unknowable: it stands nowhere else',
      user_id: rebuilt(/a transaction of @eve:e made/, `update transactions set user_id = '@eve:e'`),
      transaction_id: 'unknowable: it stands nowhere else',
      event_id: left(
        /a transaction of @alice:a made \$nothing, which is not stored/,
        `update transactions set event_id = '$nothing'`,
      ),
      ts: 'harmless: it is forgotten sooner or later',
      'a row is deleted': 'unknowable: it stands nowhere else, and is forgotten after a day',
      'a row is added': 'unknowable: it may well be one',
    },
    aliases: {
      alias: left(/the alias room:a by @alice:a .* is not valid/, `update aliases set alias = 'room:a'`),
      room_id: left(
        /the alias #room:a .* its room is not stored/,
        `update aliases set room_id = '!nowhere:a'`,
      ),
      creator: left(/the alias #room:a by alice/, `update aliases set creator = 'alice'`),
      'a row is deleted': WISH,
      'a row is added': WISH,
    },
    published_rooms: {
      room_id: left(
        /!nowhere:a is in the room directory, but not stored/,
        `update published_rooms set room_id = '!nowhere:a'`,
      ),
      'a row is deleted': WISH,
      'a row is added': WISH,
    },
    leases: {
      name: PASSING,
      holder: PASSING,
      expires_ts: PASSING,
      'a row is deleted': PASSING,
      'a row is added': PASSING,
    },
    repairs: {
      event_id: 'harmless: the event is in the payload, and is fetched when another builds on it',
      room_id: left(
        /the stored input of \$waiting in !nowhere:a/,
        `update repairs set room_id = '!nowhere:a'`,
      ),
      state: left(/the stored input of \$waiting in !room:a/, 'update repairs set state = 9'),
      fetched: 'harmless: it is for who reads the table',
      attempts: 'harmless: it is tried more often, or less',
      since_ts: 'harmless: it is for who reads the table',
      next_ts: 'harmless: it is tried sooner or later',
      last_error: 'harmless: it is for who reads the table',
      payload: left(/the stored input of \$waiting in !room:a/, `update repairs set payload = 'nonsense'`),
      'a row is deleted': 'harmless: the event is fetched when another builds on it',
      'a row is added': 'harmless: it is judged as any input',
    },
    output_marks: {
      position: 'harmless: outputs are dropped sooner or later',
      ts: 'harmless: outputs are dropped sooner or later',
      bytes: 'harmless: outputs are dropped sooner or later',
      'a row is deleted': 'harmless: outputs are dropped sooner or later',
      'a row is added': 'harmless: outputs are dropped sooner or later',
    },
    delivered_outputs: {
      sequence: SPARE,
      position: SPARE,
      room_nid: SPARE,
      seq: SPARE,
      event_nid: SPARE,
      kind: SPARE,
      ts: 'harmless: outputs are dropped sooner or later',
      total: 'harmless: outputs are dropped sooner or later',
      body: SPARE,
      'a row is deleted': SPARE,
      'a row is added': SPARE,
    },
    output_epochs: {
      first_position: 'harmless: readers are told that their position is unknown, and read rooms again',
      last_before: 'harmless: readers are told that their position is unknown, and read rooms again',
      began_ts: 'harmless: the positions of the next start leave numbers out, or leave none out once',
      name: 'harmless: it is random',
      reason: 'harmless: it is for who reads the table',
      'a row is deleted': 'harmless: outputs are in the epoch before',
      'a row is added': 'harmless: it is one more',
    },
    output_stream: {
      name: COMPARED,
      created: COMPARED,
      last_sequence: COMPARED,
      unread: COMPARED,
      purged: COMPARED,
      consumers: COMPARED,
      'a row is deleted': COMPARED,
      'a row is added': COMPARED,
    },
    remote_states: {
      event_nid: rebuilt(
        /has a remote state before it, but is not in the table/,
        `update remote_states set event_nid = 99999999 where event_nid = ${nid(late)}`,
      ),
      room_nid: rebuilt(
        /1 rows of the table of remote_states/,
        `update remote_states set room_nid = ${other} where event_nid = ${nid(late)}`,
      ),
      waits_for: rebuilt(
        /waits for the state before an event that is not waiting/,
        `update remote_states set waits_for = 99999999 where event_nid = ${nid(late)}`,
      ),
      verified: rebuilt(
        /its state is marked as derived from all of them/,
        `update remote_states set verified = 1 where event_nid = ${nid(late)}`,
      ),
      'a row is deleted': rebuilt(
        /has a remote state before it, but is not in the table/,
        `delete from remote_states where event_nid = ${nid(late)}`,
      ),
      'a row is added': rebuilt(
        /1 rows of the table of remote_states/,
        `insert into remote_states values (99999999, ${room}, 0, 0)`,
      ),
    },
    unreferenced_snapshots: {
      snapshot_nid: 'harmless: before anything is deleted, the tables are read once more',
      room_nid: 'harmless: before anything is deleted, the tables are read once more',
      since_ts: 'harmless: before anything is deleted, the tables are read once more',
      'a row is deleted': 'harmless: it is noted again',
      'a row is added': 'harmless: before anything is deleted, the tables are read once more',
    },
  }
}
