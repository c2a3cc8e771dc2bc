import { type EventTypeNid, NO_NID, type StateKeyNid } from '@roomserver/types'
import type { Db } from '../schema.ts'
import type { Tables } from '../tables/tables.ts'

/** The texts of event types and state keys. */
export interface Strings {
  readonly types: ReadonlyMap<EventTypeNid, string>
  readonly keys: ReadonlyMap<StateKeyNid, string>
}

/** Reads the texts that some rows refer to; what is not stored is left out. */
export async function stringsOf(
  db: Db,
  tables: Tables,
  types: readonly EventTypeNid[],
  keys: readonly StateKeyNid[],
): Promise<Strings> {
  const wanted = <N extends number>(nids: readonly N[]) => [...new Set(nids)].filter((nid) => nid !== NO_NID)
  return {
    types: new Map((await tables.eventTypes.byNids(db, wanted(types))).map(({ nid, text }) => [nid, text])),
    keys: new Map((await tables.stateKeys.byNids(db, wanted(keys))).map(({ nid, text }) => [nid, text])),
  }
}
