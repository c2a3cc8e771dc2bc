import {
  type EventNid,
  isJsonObject,
  type JsonValue,
  NO_NID,
  type RoomRecord,
  paged,
} from '@roomserver/types'
import { sql } from 'kysely'
import type { Db } from '../schema.ts'
import { type Finding, finding } from './finding.ts'

interface Row {
  readonly position: number
  readonly seq: number
  readonly kind: number
  readonly event: EventNid
  readonly body: string
  readonly room: number | null
}

const PAGE = 200

/** By the code of each kind of output: a member that its body has, and whether it carries an event. */
const KINDS: readonly (readonly [member: string, event: 'with' | 'without' | 'either'])[] = [
  ['latest_event_ids', 'with'],
  ['history_visibility', 'with'],
  ['room_version', 'either'],
  ['EventID', 'without'],
  ['RedactedEventID', 'with'],
  ['RoomID', 'without'],
  ['RoomID', 'without'],
  ['RoomID', 'without'],
]
const NEW_ROOM_EVENT = 0

/**
 * Checks that the outputs that are kept follow on each other up to the room's latest, in the order in which they are told,
 * and that each is one of its kind.
 */
export async function checkOutputs(
  db: Db,
  room: RoomRecord,
  report: (finding: Finding) => void,
): Promise<void> {
  let isSound = true
  const add = (what: string, rebuild?: Finding['rebuild']): void => {
    isSound = false
    report(finding(room.roomId, 'output', what, rebuild))
  }
  let before: Row | undefined
  let sent: EventNid | undefined
  const read = async (after: number, limit: number) => {
    const query = sql<Row>`select o.position, o.seq, o.kind, o.event_nid as event, o.body, e.room_nid as room
      from outputs o left join events e on e.nid = o.event_nid
      where o.room_nid = ${room.nid} and o.seq > ${after} order by o.seq limit ${limit}`
    return (await query.execute(db)).rows
  }
  const list = { read, keyOf: ({ seq }: Row) => seq, first: Number.MIN_SAFE_INTEGER, limit: PAGE }
  for await (const page of paged(list)) {
    for (const row of page) {
      if (before !== undefined && row.seq !== before.seq + 1)
        add(`output ${row.seq} follows output ${before.seq}: the outputs between are lost`)
      if (before !== undefined && row.position <= before.position)
        add(`output ${row.seq} is stored before ${before.seq}`)
      const wrong = wrongInRow(row, room)
      if (wrong !== undefined) add(`output ${row.seq} ${wrong}`)
      if (row.kind === NEW_ROOM_EVENT) sent = row.event
      before = row
    }
  }
  if (before === undefined) return
  if (before.seq !== room.outputSeq) {
    // One that the room counts and that is not here may be lost; one beyond would be in the way of the next.
    const rebuild =
      before.seq > room.outputSeq
        ? sql`update rooms set output_seq = ${before.seq} where nid = ${room.nid}`
        : undefined
    add(`the latest output is ${before.seq}, the counter of the room is at ${room.outputSeq}`, rebuild)
  }
  if (isSound && sent !== undefined && sent !== room.lastSent) {
    const rebuild = sql`update rooms set last_sent_nid = ${sent} where nid = ${room.nid}`
    report(finding(room.roomId, 'room', 'the last sent event is not the event of the latest output', rebuild))
  }
}

function wrongInRow({ kind, event, body, room }: Row, { nid }: RoomRecord): string | undefined {
  const [member, carries] = KINDS[kind] ?? []
  if (member === undefined) return 'has an unknown kind'
  if (event !== NO_NID && room !== nid) return 'carries an event that is not stored in the room'
  if (carries === (event === NO_NID ? 'with' : 'without'))
    return 'has an event where its kind has none, or lacks one'
  try {
    const value: JsonValue = JSON.parse(body)
    return isJsonObject(value) && member in value ? undefined : 'has a body that does not match its kind'
  } catch {
    return 'has a body that cannot be read'
  }
}
