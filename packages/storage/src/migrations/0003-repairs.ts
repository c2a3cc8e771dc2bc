import type { Migration } from './migration.ts'

export const repairs: Migration = {
  version: 3,
  name: 'repairs',
  breaking: false,
  tables: [
    {
      name: 'repairs',
      about:
        'Events that wait because events that they build on are missing. state: 0 waiting, 1 running, 2 failed, 3 gave up. payload: JSON of the InputRoomEvent. fetched: events stored for it so far. since_ts, next_ts (not to be tried again before): milliseconds since the epoch.',
      columns: {
        event_id: 'text',
        room_id: 'text',
        state: 'small',
        fetched: 'int',
        attempts: 'int',
        since_ts: 'int',
        next_ts: 'int',
        last_error: 'text',
        payload: 'text',
      },
      key: ['event_id'],
      indexes: [['room_id']],
    },
  ],
  up: async () => undefined,
}
