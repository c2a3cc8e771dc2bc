import type { RoomRecord } from '@roomserver/types'
import type { Db } from '../schema.ts'
import type { Tables } from '../tables/tables.ts'
import { type Finding, finding } from './finding.ts'

/** Checks that the outputs that are kept follow on each other up to the room's latest. */
export async function checkOutputs(
  db: Db,
  tables: Tables,
  room: RoomRecord,
  report: (finding: Finding) => void,
): Promise<void> {
  const { count, first, last, orphans } = await tables.outputs.span(db, room.nid)
  if (count === 0) return
  if (last !== room.outputSeq) {
    report(finding(room.roomId, 'output', `the latest output is ${last}, the room counts ${room.outputSeq}`))
  }
  if (last - first + 1 !== count) {
    report(finding(room.roomId, 'output', `outputs ${first} to ${last} are kept, but only ${count} of them`))
  }
  if (orphans > 0)
    report(finding(room.roomId, 'output', `${orphans} outputs carry an event that is not stored`))
}
