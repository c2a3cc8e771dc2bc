import type { Migration } from './migration.ts'

/**
 * Who set an entry of the state of a room, what became of it, and which events were not accepted, is found however much else
 * happened in the room. Storing an accepted message costs nothing of it.
 */
export const inspectedEvents: Migration = {
  version: 19,
  name: 'inspected events',
  breaking: false,
  tables: [],
  indexes: [
    {
      table: 'events',
      columns: ['room_nid', 'type_nid', 'state_key_nid', 'nid'],
      where: 'state_key_nid <> 0',
    },
    { table: 'events', columns: ['room_nid', 'verdict', 'nid'], where: 'verdict > 1' },
    { table: 'journal', columns: ['room_nid', 'type_nid', 'state_key_nid', 'revision', 'place', 'reset'] },
  ],
  rows: 'reads the table events twice, and the table journal, to make indexes of a part of them',
  up: async () => undefined,
}
