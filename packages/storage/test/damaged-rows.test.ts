import { describe, expect, it } from 'vitest'
import { hashes } from './contract/upkeep.ts'
import { type WholeStore, wholeStore } from './whole-store.ts'

const CONTEXT = {
  ...hashes,
  isIntact: () => true,
  isLocal: (userId: string) => userId.endsWith(':a.example'),
}

/** What a check finds; whether a statement would make it right. */
async function found({ store }: WholeStore): Promise<ReadonlyMap<string, boolean>> {
  const lines = new Map<string, boolean>()
  for await (const { findings } of store.check(CONTEXT))
    for (const { kind, what, rebuild } of findings) lines.set(`${kind}: ${what}`, rebuild !== undefined)
  return lines
}

/**
 * Says of every damage what is found then, and what a repair makes of it.
 *
 * @param examine - damages are done before, and undone afterwards
 */
async function reportOf(
  damages: readonly string[],
  examine: (whole: WholeStore) => Promise<readonly string[]>,
): Promise<string> {
  await using whole = await wholeStore()
  const parts: string[] = []
  for (const damage of damages) {
    whole.run(damage)
    const lines = await examine(whole)
    parts.push(
      [damage, ...(lines.length === 0 ? ['nothing'] : lines).map((line) => `    ${line}`), ''].join('\n'),
    )
    whole.restore()
  }
  return parts.join('\n')
}

/** What is found, and whether it is gone after the rows were rebuilt; then what is found that was not before. */
async function rebuilding(whole: WholeStore): Promise<readonly string[]> {
  const before = await found(whole)
  await whole.store.rebuildRows(whole.room.nid, CONTEXT)
  const after = await found(whole)
  const fate = (what: string, hasStatement: boolean) => {
    if (after.has(what)) return hasStatement ? 'tried  ' : 'left   '
    return hasStatement ? 'rebuilt' : 'gone   '
  }
  return [
    ...Array.from(before, ([what, hasStatement]) => `${fate(what, hasStatement)} ${what}`),
    ...Array.from(after.keys()).flatMap((what) => (before.has(what) ? [] : [`new     ${what}`])),
  ]
}

const WHOLE = "(select nid from rooms where room_id = '!whole:a.example')"

const nid = (id: string) => `(select nid from events where event_id = '${id}')`
const user = (id: string) => `(select nid from state_keys where text = '@${id}')`
const event = (id: string, change: string) => `update events set ${change} where event_id = '${id}'`
const text = (id: string, change: string) => event(id, `json = ${change}`)
const put = (path: string, value: string) => `json_set(json, '$.${path}', ${value})`
const room = (change: string) => `update rooms set ${change} where room_id = '!whole:a.example'`
const journal = (place: string, change: string) => `update journal set ${change} where ${place}`
const output = (seq: number, change: string) => `update outputs set ${change} where seq = ${seq}`
const FIRST = 'revision = 1 and place = 0'
const BACK = 'revision = 2'
const REPAIR = 'revision = 3'

/** By what is damaged. */
const DAMAGES: Readonly<Record<string, readonly string[]>> = {
  'what an event says': [
    text('$topic', put('room_id', "'!moor:a'")),
    text('$topic', "json_remove(json, '$.room_id')"),
    text('$other', "json_remove(json, '$.room_id')"),
    event('$topic', 'type_nid = 2'),
    event('$topic', 'type_nid = 99999'),
    text('$topic', put('type', "'m.unknown'")),
    text('$topic', "json_remove(json, '$.type')"),
    event('$topic', 'state_key_nid = 0'),
    event('$oops', 'state_key_nid = 1'),
    event('$topic', 'state_key_nid = 99999'),
    text('$topic', put('state_key', "'unknown'")),
    event('$topic', 'depth = 99'),
    text('$topic', put('depth', '4.5')),
    text('$topic', "json_remove(json, '$.depth')"),
    text('$topic', "'[]'"),
    event('$topic', "rule = 'r'"),
    event('$topic', "reason = 'r'"),
    event('$dave', "reason = 'r'"),
    event('$refused', 'rule = null, reason = null'),
    event('$topic', `auth_content = '{"content":{}}'`),
    event('$levels', "auth_content = 'x'"),
    event('$levels', `auth_content = '{"content":[]}'`),
    text('$levels', put('content.invite', '0')),
    text('$levels', put('content.ban', '0')),
    text('$levels', put('content', '7')),
    event('$topic', "auth_nids = x'80808020'"),
  ],
  'the states of an event': [
    event('$topic', 'before_nid = 9999999'),
    event('$topic', 'after_nid = 9999999'),
    event('$topic', 'before_nid = 0'),
    event('$oops', 'after_nid = 0'),
    event('$refused', 'after_nid = 0'),
    `delete from events where event_id = '$topic2'`,
    `delete from blocks where nid = (select max(nid) from blocks where nid < (select max(nid) from blocks))`,
  ],
  'the table of invites': [
    `delete from invites where event_nid = ${nid('$carol')}`,
    `delete from invites where event_nid = ${nid('$dave')}`,
    `delete from invites where event_nid = ${nid('$carol')}; ${room('current_nid = 99999')}`,
    `delete from invites where event_nid = ${nid('$carol')}; ${event('$carol', `state_key_nid = ${user('ben:b.example')}`)}`,
    `delete from invites where event_nid = ${nid('$carol')}; ${text('$carol', put('sender', "'@nobody:a.example'"))}`,
    text('$carol', put('content.membership', "'join'")),
    text('$carol', put('type', "'m.room.topic'")),
    text('$dave', "json_remove(json, '$.state_key')"),
    `update invites set target_nid = 99999 where event_nid = ${nid('$carol')}`,
    `update invites set sender_nid = 99999 where event_nid = ${nid('$carol')}`,
    `update invites set sender_nid = ${user('ben:b.example')} where event_nid = ${nid('$carol')}`,
    `update invites set retired_by = 9999999 where event_nid = ${nid('$carol')}`,
    `update invites set retired_by = ${nid('$other')} where event_nid = ${nid('$carol')}`,
    `update invites set retired_by = 0 where event_nid = ${nid('$carol')}`,
  ],
  'the table of redactions': [
    'delete from redactions',
    `delete from redactions; ${text('$redaction2', put('redacts', "'$redaction2'"))}`,
    `delete from redactions where redacts = '$oops'; ${event('$redaction', "verdict = 4, rule = 'r', reason = 'r'")}`,
    `delete from redactions where redacts = '$oops'; ${event('$oops', 'redacted_by = 0')}`,
    `delete from redactions where redacts = '$oops'; ${text('$redaction', put('state_key', "''"))}`,
    `delete from redactions where redacts = '$oops'; ${text('$redaction', `json_remove(${put('content.redacts', "'$oops'")}, '$.redacts')`)}`,
    text('$redaction', put('type', "'m.room.message'")),
    text('$redaction', put('state_key', "''")),
    text('$redaction', "json_remove(json, '$.redacts')"),
    "update redactions set redacts = '$topic' where redacts = '$oops'",
    "update redactions set redacts = '$topic', applied = 0 where redacts = '$oops'",
    "update redactions set applied = 0 where redacts = '$oops'",
    event('$oops', 'redacted_by = 0'),
    event('$oops', `redacted_by = ${nid('$redaction2')}`),
    `${text('$redaction', put('redacts', "'$gone'"))}; update redactions set redacts = '$gone' where redacts = '$oops'`,
    `update redactions set applied = 0 where redacts = '$oops'; ${event('$oops', 'redacted_by = 0')}`,
  ],
  'missing prev events and remote states': [
    'delete from missing_prev_events',
    'delete from remote_states',
    'update remote_states set verified = 1',
    'delete from missing_prev_events; delete from remote_states',
    text('$late', put('prev_events', `json('["$missing","$lost","$topic2"]')`)),
    text('$dave', put('prev_events', `json('["$lost"]')`)),
    `update remote_states set waits_for = 9999999`,
    `update remote_states set waits_for = 0`,
    `update remote_states set waits_for = ${nid('$topic')}, verified = 1`,
    `insert into remote_states select ${nid('$topic2')}, nid, ${nid('$late')}, 0 from rooms where room_id = '!whole:a.example'`,
    `insert into remote_states select ${nid('$topic2')}, nid, ${nid('$topic')}, 0 from rooms where room_id = '!whole:a.example'`,
  ],
  'the row of a room': [
    room("version = '9'"),
    `${room("version = '9'")}; ${text('$create', "json_remove(json, '$.content.room_version')")}`,
    room('current_nid = 0'),
    room('current_nid = 9999999'),
    room('last_sent_nid = 9999999'),
    room('last_sent_nid = 0'),
    room(`last_sent_nid = ${nid('$topic')}`),
    room("extremities = x''"),
    room("extremities = x'ffff0f'"),
    room("extremities = cast(substr(extremities, 1, 3) || x'ffff0f' as blob)"),
    `update rooms set extremities = (select extremities from rooms where room_id = '!other:a.example') where room_id = '!whole:a.example'`,
    room('depth = 99'),
    event('$late', "verdict = 2, rule = 'r', reason = 'r'"),
    text('$late', put('prev_events', `json('["$topic2"]')`)),
    `${text('$late', put('prev_events', `json('["$topic2"]')`))}; delete from remote_states`,
    `${text('$refused', put('prev_events', `json('["$topic2"]')`))}; ${event('$refused', 'verdict = 1, rule = null, reason = null')}`,
    event('$create', "verdict = 4, rule = 'r', reason = 'r'"),
    `${text('$create', put('state_key', "'x'"))}; ${room("version = '9'")}`,
  ],
  'the table of memberships': [
    `delete from memberships where user_nid = ${user('ben:b.example')}`,
    `delete from memberships where user_nid = ${user('dave:d.example')}`,
    `update memberships set event_nid = ${nid('$anne')} where user_nid = ${user('ben:b.example')}`,
    `update memberships set event_nid = 9999999 where user_nid = ${user('ben:b.example')}`,
    `update memberships set membership = 5 where user_nid = ${user('ben:b.example')}`,
    `update memberships set membership = 9 where user_nid = ${user('ben:b.example')}`,
    `update memberships set local = 1 where user_nid = ${user('ben:b.example')}`,
    `update memberships set local = 0 where user_nid = ${user('anne:a.example')}`,
    `update memberships set server = 'x' where user_nid = ${user('ben:b.example')}`,
    `update memberships set user_nid = 99999 where user_nid = ${user('ben:b.example')}`,
    `update memberships set event_nid = 0, membership = 9 where user_nid = ${user('dave:d.example')}`,
    text('$ben', put('content.membership', "'owner'")),
  ],
  'the journal': [
    journal(REPAIR, 'revision = 4'),
    journal(REPAIR, 'revision = 281474976710656'),
    journal(REPAIR, 'revision = 281474976710657'),
    journal(FIRST, 'place = 9'),
    journal(BACK, 'place = 1'),
    journal(BACK, `from_nid = ${nid('$topic')}`),
    journal(REPAIR, `from_nid = ${nid('$topic2')}`),
    journal('revision = 1 and place = 6', 'from_nid = 0'),
    journal(REPAIR, `to_nid = ${nid('$topic')}`),
    journal(REPAIR, 'to_nid = 0'),
    `delete from journal where revision = 1 and place = 5`,
    `delete from journal where revision = 1 and place = 0; update journal set place = place - 1 where revision = 1`,
    `delete from journal where revision = 1 and place > 0; delete from journal where revision > 1`,
    `delete from journal where not (revision = 1 and place = 5); update journal set place = 0`,
    `delete from journal`,
    `insert into journal select room_nid, 1, 7, 3, 1, 0, ${nid('$levels')}, cause_nid, cause, reset, conflicted, repaired_by from journal where ${FIRST}`,
    `insert into journal select room_nid, 1, 7, 99999, 99999, 0, 0, cause_nid, cause, reset, conflicted, repaired_by from journal where ${FIRST}`,
    journal(FIRST, 'cause_nid = 9999999'),
    journal(BACK, "conflicted = x'ffff7f'"),
    journal(BACK, "conflicted = x'ff'"),
    journal(BACK, 'conflicted = null'),
    journal(BACK, 'cause = 2'),
    journal(BACK, 'cause = -1, conflicted = null'),
    journal(BACK, 'reset = 0'),
    journal(FIRST, 'reset = 1'),
    journal(FIRST, 'cause = 4'),
    journal(FIRST, 'cause = 3'),
    journal(FIRST, "repaired_by = 'x'"),
    journal(FIRST, 'cause_nid = 0'),
    journal(REPAIR, 'repaired_by = null'),
    journal(REPAIR, `cause_nid = ${nid('$late')}`),
    journal(REPAIR, 'reset = 1'),
    journal('revision = 1 and place = 6', `cause_nid = ${nid('$late')}`),
    `${journal(BACK, `to_nid = 0`)}; ${journal(REPAIR, 'from_nid = 0')}`,
    `${journal(BACK, `to_nid = 0, reset = 0`)}`,
    `update events set depth = 10 where event_id = '$topic'; ${text('$topic', put('depth', '10'))}`,
  ],
  'the outputs': [
    `delete from outputs where seq = 3`,
    `delete from outputs where seq = 1`,
    `delete from outputs where seq = 9`,
    `delete from outputs`,
    room('output_seq = 8'),
    room('output_seq = 10'),
    output(5, 'position = 90000'),
    output(5, 'kind = 8'),
    output(5, 'kind = -1'),
    output(5, `event_nid = ${nid('$other')}`),
    output(5, 'event_nid = 9999999'),
    output(5, 'event_nid = 0'),
    output(4, `event_nid = ${nid('$topic')}`),
    output(3, 'event_nid = 0'),
    ...[1, 2, 3, 4, 5, 6, 7, 8].map((seq) => output(seq, "body = '{}'")),
    output(5, "body = '[]'"),
    output(5, "body = '{'"),
    output(9, `event_nid = ${nid('$topic2')}`),
    `delete from outputs where seq = 9; ${room('output_seq = 8')}`,
  ],
}

describe('damage to', () => {
  it.each(Object.entries(DAMAGES))(
    '%s is found, and rebuilt where the events say enough',
    async (what, damages) => {
      const file = `./damaged-rows/${what.replaceAll(' ', '-')}.txt`
      await expect(await reportOf(damages, rebuilding)).toMatchFileSnapshot(file)
    },
  )
})

it('names the room of a number that is too large, and goes on with the others', async () => {
  await using whole = await wholeStore()
  for (const damage of [
    event('$topic', 'depth = 9223372036854775807'),
    event('$topic', 'after_nid = 9007199254740993'),
    room('current_nid = 9223372036854775807'),
    journal(FIRST, 'to_nid = 9223372036854775807'),
    'update memberships set event_nid = 9223372036854775807',
  ]) {
    whole.run(damage)
    const rooms = new Map<string, readonly string[]>()
    for await (const { room: checked, findings } of whole.store.check(CONTEXT))
      rooms.set(
        checked.roomId,
        findings.map(({ what }) => what),
      )
    expect([...rooms.keys()], damage).toEqual(expect.arrayContaining(['!other:a.example']))
    expect([...rooms.values()].flat().join(), damage).toContain('too large')
    whole.restore()
  }
})

/** A room that is being purged, whose rows are. */
const PURGED = "insert into purges select '!gone:a', 99999, 'op', 0, 1, '', 0, 0, 0, 0"

/** Rows that nothing leads to, or that contradict themselves. */
const LOOSE: readonly string[] = [
  "delete from event_types where text = 'm.room.redaction'",
  "update state_keys set text = 'x' where text = ''",
  `update invites set room_nid = (select nid from rooms where room_id = '!other:a.example')`,
  `update invites set room_nid = 99999 where event_nid = ${nid('$carol')}`,
  `update invites set event_nid = 9999999 where event_nid = ${nid('$carol')}`,
  `update redactions set redaction_nid = 9999999 where redacts = '$oops'`,
  `update remote_states set room_nid = 99999`,
  `update memberships set room_nid = 99999 where user_nid = ${user('ben:b.example')}`,
  `insert into memberships select 99999, user_nid, event_nid, membership, local, forgotten, server from memberships`,
  `update memberships set room_nid = 99999, event_nid = 9999999 where user_nid = ${user('ben:b.example')}`,
  `update memberships set room_nid = (select nid from rooms where room_id = '!other:a.example') where user_nid = ${user('ben:b.example')}`,
  'update journal set room_nid = 99999 where revision = 2',
  'update outputs set room_nid = 99999 where seq = 5',
  'update outputs set room_nid = 99999 where seq = 9',
  'update outputs set room_nid = 99999 where seq = 4',
  "update snapshots set room_nid = 99999 where nid = (select current_nid from rooms where room_id = '!whole:a.example')",
  'insert into snapshots select 80000, 99999, hash, blocks from snapshots where nid = (select max(nid) from snapshots)',
  `${PURGED}; ${['snapshots', 'journal', 'outputs', 'invites', 'memberships'].map((table) => `update ${table} set room_nid = 99999 where room_nid = ${WHOLE}`).join('; ')}`,
  `insert into missing_prev_events values ('$nothing', ${nid('$topic')}), ('$more', ${nid('$late')})`,
  `insert into missing_prev_events values ('$a"b', ${nid('$topic')})`,
  'update missing_prev_events set by_nid = 9999999',
  "update aliases set alias = 'whole:a.example'",
  "update aliases set alias = '#whole'",
  "update aliases set creator = 'anne:a.example'",
  "update aliases set room_id = '!gone:a'",
  "update published_rooms set room_id = '!gone:a'",
  "update transactions set event_id = '$gone'",
  `${PURGED}; update transactions set event_id = '$gone'`,
  "update transactions set user_id = '@ben:b.example'",
  "update inbox set payload = 'x'",
  "update inbox set payload = '{}'",
  `update inbox set payload = '{"event":{"room_id":"!other:a.example"}}'`,
  `update inbox set payload = '{"event":{}}'`,
  "update repairs set payload = 'x'",
  `update repairs set payload = '{"event":{"room_id":"!other:a.example"}}'`,
  'update repairs set state = -1',
  'update repairs set state = 3',
  'update repairs set state = 4',
]

it('finds rows that nothing leads to, and moves or deletes them', async () => {
  const report = await reportOf(LOOSE, async ({ store }) => {
    const loose = await store.looseRows()
    await store.removeLooseRows(loose)
    const left = (await store.looseRows()).map(({ what }) => what)
    return loose.map(({ what }) => `${left.includes(what) ? 'left   ' : 'rebuilt'} ${what}`)
  })
  await expect(report).toMatchFileSnapshot('./damaged-rows/rows-that-nothing-leads-to.txt')
})

const type = (name: string) => `(select nid from event_types where text = '${name}')`
const rename = (table: 'event_types' | 'state_keys', before: string, after: string) =>
  `update ${table} set text = '${after}' where text = '${before}'`
const renumber = (table: 'event_types' | 'state_keys', name: string) =>
  `update ${table} set nid = 70000 where text = '${name}'`

const STRINGS = [
  rename('event_types', 'm.room.topic', 'm.room.other'),
  "delete from event_types where text = 'm.room.message'",
  "delete from event_types where text = 'm.room.redaction'",
  rename('event_types', 'm.room.join_rules', 'm.other'),
  renumber('event_types', 'm.room.topic'),
  rename('state_keys', '@ben:b.example', '@rob:b.example'),
  "delete from state_keys where text = '@carol:c.example'",
  rename('state_keys', '', 'x'),
  renumber('state_keys', '@ben:b.example'),
  `${renumber('state_keys', '@ben:b.example')}; delete from journal where state_key_nid = (select state_key_nid from events where event_id = '$ben')`,
  `update state_keys set text = 'x' where text = '@ben:b.example'; ${rename('state_keys', '@carol:c.example', '@ben:b.example')}; ${rename('state_keys', 'x', '@carol:c.example')}`,
  // One event says something else than the others: its row is wrong, and not the string.
  event('$oops', `type_nid = ${type('m.room.topic')}`),
  text('$topic', put('type', "'m.other'")),
  `${text('$topic', put('type', "'m.one'"))}; ${text('$topic2', put('type', "'m.other'"))}`,
  // All of them say the same, which another string is, or is always.
  `${text('$topic', put('type', "'m.room.message'"))}; ${text('$topic2', put('type', "'m.room.message'"))}`,
  `${text('$topic', put('type', "'m.room.name'"))}; ${text('$topic2', put('type', "'m.room.member'"))}`,
  `${text('$create', put('type', "'m.other'"))}; ${text('$other', put('type', "'m.other'"))}`,
  text('$ben', put('state_key', "''")),
  `${text('$ben', put('state_key', "'@new:a.example'"))}; ${text('$carol', put('state_key', "'@new:a.example'"))}`,
  text('$oops', "'['"),
]

it('puts strings back where all events agree about them, and writes nothing when it is only to say so', async () => {
  const report = await reportOf(STRINGS, async ({ store, rows }) => {
    const stored = () => rows('select nid, text from event_types union all select nid, text from state_keys')
    const before = stored()
    const wanted = await store.rebuildStrings(true)
    expect(stored()).toEqual(before)
    expect(await store.rebuildStrings(false)).toEqual(wanted)
    const changed = rows(
      `select 'event type' as what, nid, text from event_types union all select 'state key', nid, text from state_keys order by 1, 2`,
    )
    const now = stored().filter(
      ({ nid: number, text: name }) => !before.some((row) => row['nid'] === number && row['text'] === name),
    )
    expect(changed.length).toBeGreaterThan(0)
    return [
      ...wanted,
      ...now.map(({ nid: number, text: name }) => `now ${String(number)} is ${JSON.stringify(name)}`),
    ]
  })
  await expect(report).toMatchFileSnapshot('./damaged-rows/strings.txt')
})

const LOST = [
  room('nid = 99999'),
  "delete from rooms where room_id = '!whole:a.example'",
  "delete from rooms where room_id = '!whole:a.example'; delete from outputs; delete from journal",
  "delete from rooms where room_id = '!whole:a.example'; delete from outputs where seq > 8; update outputs set seq = 90 where seq = 4",
  `delete from rooms where room_id = '!whole:a.example'; ${text('$topic', put('room_id', "'!moor:a'"))}`,
  `delete from rooms where room_id = '!whole:a.example'; ${text('$create', put('type', "'m.other'"))}`,
  `delete from rooms where room_id = '!whole:a.example'; ${event('$create', "verdict = 4, rule = 'r', reason = 'r'")}`,
  `delete from rooms where room_id = '!whole:a.example'; ${text('$create', "'['")}`,
  `delete from rooms where room_id = '!whole:a.example'; ${event('$late', "verdict = 4, rule = 'r', reason = 'r'")}`,
  event('$topic', 'room_nid = 99999'),
  "update events set room_nid = 99999 where event_id in ('$oops', '$topic')",
  `${PURGED}; ${event('$topic', 'room_nid = 99999')}`,
  'delete from rooms',
]

it('finds rooms that are lost by their events, and makes their rows anew', async () => {
  const report = await reportOf(LOST, async ({ store, rows }) => {
    const lines: string[] = []
    for (const lost of await store.lostRooms()) {
      const { roomId, events, first } = lost
      const { isRestored, what } = await store.restoreRoom(lost)
      lines.push(
        `${events} events of ${roomId}, the first ${first}: ${isRestored ? '' : 'not '}restored, ${what}`,
      )
    }
    for (const row of rows(
      `select room_id, version, revision, depth, output_seq, (select event_id from events where nid = last_sent_nid) as sent,
        current_nid = (select after_nid from events where event_id = '$late') as is_latest from rooms order by 1`,
    ))
      lines.push(Object.values(row).join(' '))
    return lines
  })
  await expect(report).toMatchFileSnapshot('./damaged-rows/lost-rooms.txt')
})

const UNREADABLE = [
  room("extremities = x'ff'"),
  event('$topic', "auth_nids = x'80'"),
  `update snapshots set blocks = x'ff' where nid = (select current_nid from rooms where nid = ${WHOLE})`,
  `update snapshots set blocks = x'ff', room_nid = 99999 where nid = (select current_nid from rooms where nid = ${WHOLE})`,
  `${room("extremities = x'ffffffffffffffffff7f'")}; update events set auth_nids = x'ff' where event_id in ('$topic', '$ben')`,
]

it('finds lists that cannot be read, and empties them', async () => {
  const report = await reportOf(UNREADABLE, async ({ store, rows }) => {
    const lists = []
    for await (const list of store.unreadable()) lists.push(list)
    await store.rebuildUnreadable(lists)
    for await (const { what } of store.unreadable()) throw new Error(what)
    const [counts] = rows(`select (select count(*) from snapshots) || ' states, ' ||
      (select count(*) from events where auth_nids = x'') || ' events without auth events, ' ||
      (select count(*) from rooms where extremities = x'') || ' rooms without extremities' as text`)
    return [...lists.map(({ what }) => what), String(counts?.['text'])]
  })
  await expect(report).toMatchFileSnapshot('./damaged-rows/unreadable-lists.txt')
})

const KINDS = ['room', 'event', 'eventType', 'stateKey', 'snapshot', 'block']

const COUNTERS = [
  ...KINDS.map((kind) => `update counters set next = 7 where kind = '${kind}'`),
  "delete from counters where kind = 'room'",
  'update counters set next = 99999999',
  "update sqlite_sequence set seq = 4 where name = 'outputs'",
  "delete from sqlite_sequence where name = 'inbox'",
  'update output_epochs set first_position = 80',
]

it('finds counters that would give out what is in use, and moves them on', async () => {
  const report = await reportOf(COUNTERS, async ({ store }) => {
    const behind = await store.checkCounters()
    await store.repairCounters(behind)
    expect(await store.checkCounters()).toEqual([])
    return behind.map(({ kind, next, needed }) => `${kind}: ${next}, at least ${needed}`)
  })
  await expect(report).toMatchFileSnapshot('./damaged-rows/counters.txt')
})
