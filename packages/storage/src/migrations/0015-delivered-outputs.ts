import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import type { Migration } from './migration.ts'

/** What is needed to send outputs again that the message server forgot, and to notice that the database was put back. */
export const deliveredOutputs: Migration = {
  version: 15,
  name: 'delivered outputs',
  // A program that does not know it deletes outputs instead of keeping them.
  breaking: true,
  tables: [
    {
      name: 'delivered_outputs',
      about:
        'Outputs that the message server has stored, kept for a while in case it loses them. sequence: their number in the stream. ts: when that was recorded, in milliseconds since the epoch. total: bytes of the bodies up to this one.',
      columns: {
        sequence: 'int',
        position: 'int',
        room_nid: 'int',
        seq: 'int',
        event_nid: 'int',
        kind: 'small',
        ts: 'int',
        total: 'int',
        body: 'text',
      },
      key: ['sequence'],
    },
    {
      name: 'output_epochs',
      about:
        'The incarnations of the output log; the ID of an output names the one of its position. first_position: the first position of the epoch. last_before: the last position of the epoch before that was in use; positions between were given to outputs that a restore of the database lost, or to none. began_ts: milliseconds since the epoch, 0 as long as nothing used it.',
      columns: {
        first_position: 'int',
        last_before: 'int',
        began_ts: 'int',
        name: 'text',
        reason: 'text',
      },
      key: ['first_position'],
    },
    {
      name: 'output_stream',
      about:
        'The stream of the message server as it was last seen. created: when it was created, which names it. last_sequence: its last number. unread: the first number that a consumer may not have read. purged: numbers up to this one were purged. consumers: its durable consumers, as JSON.',
      columns: {
        name: 'text',
        created: 'text',
        last_sequence: 'int',
        unread: 'int',
        purged: 'int',
        consumers: 'text',
      },
      key: ['name'],
    },
  ],
  up: async (db) => {
    await sql`insert into output_epochs (first_position, last_before, began_ts, name, reason)
      values (${1}, ${0}, ${0}, ${randomBytes(6).toString('hex')}, ${'created'})`.execute(db)
  },
}
