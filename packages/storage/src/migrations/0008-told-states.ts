import { sql } from 'kysely'
import type { Migration } from './migration.ts'

/** What is there already: every event that lacked a prev event when it came was given the state before it. */
const ALREADY_TOLD = sql`insert into told_states (event_nid, room_nid, waits_for, settled)
  select told.nid, told.room_nid, max(case when coalesce(prev.before_nid, 0) = 0 then told.nid else 0 end), 0
  from dangling_prev
  join events told on told.nid = dangling_prev.by_nid
  left join events prev on prev.event_id = dangling_prev.prev
  group by told.nid, told.room_nid`

export const toldStates: Migration = {
  version: 8,
  name: 'told states',
  breaking: false,
  tables: [
    {
      name: 'told_states',
      about:
        'Events at a state before them that another server told. waits_for: the event whose state has to be worked out first, itself where events that it builds on are missing, 0 when it is to be looked at now. settled 1: the state was worked out from the whole history.',
      columns: { event_nid: 'int', room_nid: 'int', waits_for: 'int', settled: 'small' },
      key: ['event_nid'],
      indexes: [['room_nid'], ['waits_for']],
    },
  ],
  rows: 'notes the events that came with the state before them',
  up: async (db) => {
    await ALREADY_TOLD.execute(db)
  },
}
