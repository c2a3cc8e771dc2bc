import type { Migration } from './migration.ts'

/** A room is read page by page in the order of NIDs, which must not cost more the longer the room is. */
export const roomOrder: Migration = {
  version: 9,
  name: 'room order',
  breaking: false,
  tables: [],
  indexes: [
    { table: 'events', columns: ['room_nid', 'nid'], replaces: ['room_nid'] },
    { table: 'snapshots', columns: ['room_nid', 'nid'] },
  ],
  up: async () => undefined,
}
