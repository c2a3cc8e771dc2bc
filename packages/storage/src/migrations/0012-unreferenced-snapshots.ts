import type { Migration } from './migration.ts'

/** What nothing seems to refer to is not deleted at once, as that may be an index that lacks rows. */
export const unreferencedSnapshots: Migration = {
  version: 12,
  name: 'unreferenced snapshots',
  breaking: false,
  tables: [
    {
      name: 'unreferenced_snapshots',
      about:
        'State snapshots that a check found nothing to refer to, and when it first did (since_ts: milliseconds since the epoch). They are deleted a week later at the earliest, when the tables of events and rooms, read from end to end, do not name them either.',
      columns: { snapshot_nid: 'int', room_nid: 'int', since_ts: 'int' },
      key: ['snapshot_nid'],
      indexes: [['room_nid'], ['since_ts']],
    },
  ],
  up: async () => undefined,
}
