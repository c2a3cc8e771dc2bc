import type { EventTypeNid, Interned, StateKeyNid } from '@roomserver/types'
import { lastOfEach } from '../bulk.ts'
import type { Dialect } from '../dialect/dialect.ts'
import { internedWrites } from '../interned-rows.ts'
import { prepare } from '../prepared.ts'
import { int, rowFormat, text } from '../row-format.ts'
import type { Db } from '../schema.ts'

const format = rowFormat<Interned<number>>()({ nid: int('nid'), text: text('text') })

/** Event types by NID. */
export type EventTypesTable = Interned<EventTypeNid>

/** State keys (user IDs among them) by NID. */
export type StateKeysTable = Interned<StateKeyNid>

export const eventTypeQueries = (dialect: Dialect, build: Db) =>
  internedQueries<EventTypeNid>(dialect, build, 'event_types')

export const stateKeyQueries = (dialect: Dialect, build: Db) =>
  internedQueries<StateKeyNid>(dialect, build, 'state_keys')

function internedQueries<N extends number>(dialect: Dialect, build: Db, table: 'event_types' | 'state_keys') {
  const rows = build.selectFrom(table).selectAll().$castTo<Interned<N>>()
  const byNid = prepare(rows.where(dialect.among('nid', 'int')))
  const byText = prepare(rows.where(dialect.among('text', 'text')))
  const writes = internedWrites(dialect, table, format, format)
  return {
    byNids: (db: Db, nids: readonly N[]) => byNid(db, dialect.list(nids)),
    byTexts: (db: Db, texts: readonly string[]) => byText(db, dialect.list(texts)),
    ...writes,
    /**
     * Stores strings, in the order of their text, so that two processes that store the same ones do not lock each
     * other out. Returns the texts that have another NID, given by somebody else.
     */
    intern: async (db: Db, strings: readonly Interned<N>[]): Promise<ReadonlySet<string>> => {
      const wanted = lastOfEach(strings, (string) => string.text).toSorted(byTextOrder)
      const { affected } = await writes.addMissing.run(db, wanted)
      if (affected === strings.length) return new Set()
      const found = await byText(db, dialect.list(wanted.map(({ text }) => text)))
      const nids = new Map(found.map((string) => [string.text, string.nid]))
      return new Set(strings.filter(({ nid, text }) => nids.get(text) !== nid).map(({ text }) => text))
    },
  }
}

function byTextOrder(a: { readonly text: string }, b: { readonly text: string }): number {
  return a.text < b.text ? -1 : a.text > b.text ? 1 : 0
}
