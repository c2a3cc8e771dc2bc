import type { Migration } from './migration.ts'

/** Tables get the names that the glossary has for what they hold. */
export const wordsOfMatrix: Migration = {
  version: 14,
  name: 'words of Matrix',
  breaking: true,
  tables: [],
  renames: [
    {
      from: 'told_states',
      columns: { settled: 'verified' },
      table: {
        name: 'remote_states',
        about:
          'Events at remote state: the state before them was supplied by another server. waits_for: the event whose state has to be verified first, the event itself where prev events are missing, 0 when it is due now. verified 1: the state was worked out from the whole history.',
        columns: { event_nid: 'int', room_nid: 'int', waits_for: 'int', verified: 'small' },
        key: ['event_nid'],
        indexes: [['room_nid'], ['waits_for']],
      },
    },
    {
      from: 'dangling_prev',
      table: {
        name: 'missing_prev_events',
        about: 'Prev events that were not stored when an event that refers to them was stored.',
        columns: { prev: 'text', by_nid: 'int' },
        longTexts: ['prev'],
      },
    },
    {
      from: 'journal',
      columns: { weighed: 'conflicted' },
      table: {
        name: 'journal',
        about:
          "Every change of a room's current state. cause: 0 event, 1 resolution, 2 rewrite, 3 repair. conflicted: NIDs of the events in conflict, as varints. reset: 1 where the entry fell back to an older event or to none.",
        columns: {
          room_nid: 'int',
          revision: 'int',
          place: 'int',
          type_nid: 'int',
          state_key_nid: 'int',
          from_nid: 'int',
          to_nid: 'int',
          cause_nid: 'int',
          cause: 'small',
          reset: 'small',
          conflicted: 'blob?',
          repaired_by: 'text?',
        },
        key: ['room_nid', 'revision', 'place'],
      },
    },
  ],
  up: async () => undefined,
}
