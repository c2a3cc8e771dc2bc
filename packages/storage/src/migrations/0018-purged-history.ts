import type { Migration } from './migration.ts'

/** The history of rooms that operators purge, and which events went with it. */
export const purgedHistory: Migration = {
  version: 18,
  name: 'purged history',
  // A program that does not know it takes events that come again for new ones.
  breaking: false,
  tables: [
    {
      name: 'history_purges',
      about:
        'Rooms whose history is being purged, or was, the latest purge of each. before_depth, before_ts: what lies before a depth goes, or what is older than a time (milliseconds since the epoch); the other is 0. step: 0 events are taken out of the graph, 1 what is not needed of them is deleted, 2 done. events: how many the history had; removed_events, deleted_events: how many of them were taken out of the graph, and deleted. since_ts, step_ts: when it was ordered and when the step began, by the clock of the database.',
      columns: {
        room_id: 'text',
        room_nid: 'int',
        before_depth: 'int',
        before_ts: 'int',
        requested_by: 'text',
        step: 'small',
        events: 'int',
        removed_events: 'int',
        deleted_events: 'int',
        since_ts: 'int',
        step_ts: 'int',
      },
      key: ['room_id'],
    },
    {
      name: 'purged_events',
      about:
        'Events that were taken out of the graphs of rooms when history was purged, so that one that comes again is not taken for a new one. Those that states or auth chains need are still in the table of events, as outliers.',
      columns: { room_nid: 'int', event_id: 'text' },
      key: ['room_nid', 'event_id'],
    },
  ],
  columns: [
    {
      table: 'rooms',
      about:
        'purged_depth: events of a lesser depth may have been purged from the history of the room; 0: none were.',
      columns: { purged_depth: 'int' },
    },
  ],
  up: () => Promise.resolve(),
}
