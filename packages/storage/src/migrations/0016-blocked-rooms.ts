import type { Migration } from './migration.ts'

/** Rooms that operators blocked. */
export const blockedRooms: Migration = {
  version: 16,
  name: 'blocked rooms',
  // A program that does not know it takes events of blocked rooms.
  breaking: false,
  tables: [
    {
      name: 'blocked_rooms',
      about:
        'Rooms that take no new events and no joins of our users, stored here or not. blocked_by: who said so. since_ts: when, in milliseconds since the epoch.',
      columns: { room_id: 'text', blocked_by: 'text', reason: 'text', since_ts: 'int' },
      key: ['room_id'],
    },
  ],
  up: () => Promise.resolve(),
}
