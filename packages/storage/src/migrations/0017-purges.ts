import type { Migration } from './migration.ts'

/** Rooms that operators delete. */
export const purges: Migration = {
  version: 17,
  name: 'purges',
  // A program that does not know it takes events of a room while its rows are deleted.
  breaking: false,
  tables: [
    {
      name: 'purges',
      about:
        'Rooms that are being deleted, or were within the last day. room_nid: the NID that the room had, under which its rows are deleted (0: it was not taken out yet). step: 0 every process is to learn of it, 1 rows are deleted, 2 every process is to drop what it has cached, 3 done, 4 refused, because of the reason. forced: 1 where it does not matter who is in the room. since_ts, step_ts: when it was ordered and when the step began, in milliseconds since the epoch, by the clock of the database.',
      columns: {
        room_id: 'text',
        room_nid: 'int',
        requested_by: 'text',
        forced: 'small',
        step: 'small',
        reason: 'text',
        events: 'int',
        deleted_events: 'int',
        since_ts: 'int',
        step_ts: 'int',
      },
      key: ['room_id'],
    },
  ],
  up: () => Promise.resolve(),
}
