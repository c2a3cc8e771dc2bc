import {
  EMPTY_STATE_KEY_NID,
  EVENT_TYPE_NIDS,
  type EventTypeNid,
  FIRST_FREE_NID,
  NO_NID,
  type StateKeyNid,
} from '@roomserver/types'
import { sql } from 'kysely'
import type { Db } from '../schema.ts'
import type { Tables } from '../tables/tables.ts'
import { objectIn, textIn } from './event-text.ts'
import { inStoredOrder } from './stored-order.ts'

interface Row {
  readonly nid: number
  readonly type_nid: EventTypeNid
  readonly state_key_nid: StateKeyNid
  readonly json: string
}

type Table = 'event_types' | 'state_keys'

/** What events say a string is, by its NID, where that is not what is stored. */
type Said = Map<number, Set<string>>

/**
 * Puts back event types and state keys that are lost, or that were renamed: where every event in the store that refers to one
 * says the same other text of it. Where they do not agree it is the events whose rows are wrong, and not the string.
 *
 * @param isDryRun - nothing is written
 * @returns what was put back, in sentences
 */
export async function rebuildStrings(db: Db, tables: Tables, isDryRun: boolean): Promise<readonly string[]> {
  const said: Readonly<Record<Table, Said>> = { event_types: new Map(), state_keys: new Map() }
  const right: Readonly<Record<Table, Set<number>>> = { event_types: new Set(), state_keys: new Set() }
  // Read twice: few strings are wrong, and only of those it matters which events agree with them.
  for await (const { table, nid, text, stored } of uses(db, tables))
    if (text !== stored) said[table].set(nid, (said[table].get(nid) ?? new Set()).add(text))
  for (const { table, nid, text } of await wrongPreassigned(db, tables)) said[table].set(nid, new Set([text]))
  if (said.event_types.size + said.state_keys.size === 0) return []
  for await (const { table, nid, text, stored } of uses(db, tables))
    if (text === stored && said[table].has(nid)) right[table].add(nid)
  return await db
    .transaction()
    .execute(async (tx) => [
      ...(await putBack(tx, tables, 'event_types', said.event_types, right.event_types, isDryRun)),
      ...(await putBack(tx, tables, 'state_keys', said.state_keys, right.state_keys, isDryRun)),
    ])
}

interface Use {
  readonly table: Table
  readonly nid: number
  readonly text: string
  readonly stored: string | undefined
}

async function* uses(db: Db, tables: Tables): AsyncGenerator<Use, void, void> {
  const columns = ['type_nid', 'state_key_nid', 'json'] as const
  for await (const page of inStoredOrder<Row>(db, tables.dialect, 'events', columns)) {
    const types = new Map(
      (await tables.eventTypes.byNids(db, [...new Set(page.map((row) => row.type_nid))])).map(one),
    )
    const keys = new Map(
      (await tables.stateKeys.byNids(db, [...new Set(page.map((row) => row.state_key_nid))])).map(one),
    )
    for (const { type_nid: typeNid, state_key_nid: keyNid, json } of page) {
      const event = objectIn(json)
      if (event === undefined) continue
      const [type, key] = [textIn(event, 'type') ?? '', textIn(event, 'state_key')]
      yield { table: 'event_types', nid: typeNid, text: type, stored: types.get(typeNid) }
      if (key !== undefined && keyNid !== NO_NID)
        yield { table: 'state_keys', nid: keyNid, text: key, stored: keys.get(keyNid) }
    }
  }
}

const one = ({ nid, text }: { readonly nid: number; readonly text: string }): [number, string] => [nid, text]

async function putBack(
  tx: Db,
  tables: Tables,
  table: Table,
  said: Said,
  right: ReadonlySet<number>,
  isDryRun: boolean,
): Promise<readonly string[]> {
  const agreed = new Map<number, string>()
  for (const [nid, texts] of said) {
    const [text] = texts
    if (texts.size === 1 && text !== undefined && !right.has(nid) && isPossible(table, nid, text))
      agreed.set(nid, text)
  }
  const strings = table === 'event_types' ? tables.eventTypes : tables.stateKeys
  // A text that another string has is that one's, unless that one is renamed as well.
  const holders = await strings.byTexts(tx, [...agreed.values()])
  const taken = new Set<string>()
  const moved: number[] = []
  for (const { nid: holder, text } of holders) {
    if (agreed.has(holder)) continue
    const [nid] = [...agreed].find(([, wanted]) => wanted === text) ?? [NO_NID]
    if (await isRenumbered(tx, table, nid, holder)) moved.push(holder)
    else taken.add(text)
  }
  const texts = [...agreed.values()]
  const wanted = [...agreed].filter(
    ([, text]) => !taken.has(text) && texts.indexOf(text) === texts.lastIndexOf(text),
  )
  if (!isDryRun) {
    for (const nid of [...moved, ...wanted.map(([wrong]) => wrong)])
      await sql`delete from ${sql.table(table)} where nid = ${nid}`.execute(tx)
    for (const [nid, text] of wanted)
      await sql`insert into ${sql.table(table)} (nid, text) values (${nid}, ${text})`.execute(tx)
  }
  return wanted.map(([, text]) => `the ${WHAT[table]} ${JSON.stringify(text)}`)
}

/** What beside events refers to strings. */
const REFERRING: Readonly<Record<Table, readonly (readonly [table: string, column: string])[]>> = {
  event_types: [['journal', 'type_nid']],
  state_keys: [
    ['journal', 'state_key_nid'],
    ['memberships', 'user_nid'],
  ],
}

/** Whether a string was given another NID than what refers to it has: then nothing at all refers to the new one. */
async function isRenumbered(tx: Db, table: Table, nid: number, holder: number): Promise<boolean> {
  const count = async (of: number): Promise<number> => {
    const counts = [
      ['events', table === 'event_types' ? 'type_nid' : 'state_key_nid'],
      ...REFERRING[table],
    ].map(
      ([name = '', column = '']) =>
        sql`(select count(*) from ${sql.table(name)} where ${sql.ref(column)} = ${of})`,
    )
    const { rows } = await sql<{ n: number }>`select ${sql.join(counts, sql` + `)} as n`.execute(tx)
    return rows[0]?.n ?? 0
  }
  const isReferred = async ([name, column]: readonly [string, string]): Promise<boolean> =>
    (await sql`select 1 from ${sql.table(name)} where ${sql.ref(column)} = ${nid} limit 1`.execute(tx)).rows
      .length > 0
  if ((await count(holder)) > 0) return false
  for (const place of REFERRING[table]) if (await isReferred(place)) return true
  return false
}

/** Those that every store begins with have the same NID everywhere, and no others have. */
function isPossible(table: Table, nid: number, text: string): boolean {
  const [own] = PREASSIGNED.filter((string) => string.table === table && string.text === text)
  return nid !== NO_NID && (own?.nid ?? 0) === (nid < FIRST_FREE_NID ? nid : 0)
}

/** The strings that every store begins with. */
const PREASSIGNED: readonly { readonly table: Table; readonly nid: number; readonly text: string }[] = [
  ...[...EVENT_TYPE_NIDS].map(([text, nid]) => ({ table: 'event_types', nid, text }) as const),
  { table: 'state_keys', nid: EMPTY_STATE_KEY_NID, text: '' },
]

/** Those of the strings that every store begins with that are lost or renamed. */
async function wrongPreassigned(db: Db, tables: Tables): Promise<typeof PREASSIGNED> {
  const types = await tables.eventTypes.byNids(db, [...EVENT_TYPE_NIDS.values()])
  const keys = await tables.stateKeys.byNids(db, [EMPTY_STATE_KEY_NID])
  const stored = { event_types: new Map(types.map(one)), state_keys: new Map(keys.map(one)) }
  return PREASSIGNED.filter(({ table, nid, text }) => stored[table].get(nid) !== text)
}

/** The same, in sentences. */
export async function lostStrings(db: Db, tables: Tables): Promise<readonly string[]> {
  const lost = await wrongPreassigned(db, tables)
  return lost.map(({ table, text }) => `the ${WHAT[table]} ${JSON.stringify(text)} is not stored as such`)
}

const WHAT: Readonly<Record<Table, string>> = { event_types: 'event type', state_keys: 'state key' }
