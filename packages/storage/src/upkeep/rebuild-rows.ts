import type { RoomNid } from '@roomserver/types'
import type { Db } from '../schema.ts'
import type { Tables } from '../tables/tables.ts'
import { type CheckContext, findingsIn } from './check.ts'

/** What one row is put right by may show what is wrong with another. */
const ATTEMPTS = 4

/**
 * Makes rows of a room what the texts of its events say, where that is all there is to it: version, depth, types, state keys,
 * invites, redactions, missing prev events.
 *
 * @returns what was found wrong and put right, in sentences; `undefined` when the room moved on meanwhile: try again
 */
export async function rebuildRows(
  db: Db,
  tables: Tables,
  context: CheckContext,
  nid: RoomNid,
): Promise<readonly string[] | undefined> {
  return await db.transaction().execute(async (tx) => {
    const [read] = await tables.rooms.byNids(tx, [nid])
    if (read === undefined || !(await tables.rooms.touch(tx, nid, read.revision))) return undefined
    const rebuilt = new Set<string>()
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const [room] = await tables.rooms.byNids(tx, [nid])
      if (room === undefined) break
      const { findings } = await findingsIn(tx, tables, context, room)
      const news = findings.filter(({ what, rebuild }) => rebuild !== undefined && !rebuilt.has(what))
      if (news.length === 0) break
      for (const { what, rebuild } of news) {
        rebuilt.add(what)
        await rebuild?.execute(tx)
      }
    }
    return [...rebuilt]
  })
}
