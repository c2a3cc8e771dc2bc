import type { Migration } from './migration.ts'

export const leases: Migration = {
  version: 2,
  name: 'leases',
  breaking: false,
  tables: [
    {
      name: 'leases',
      about:
        'Work that one process at a time does, and until when it is the one. expires_ts: milliseconds since the epoch, by the clock of the database.',
      columns: { name: 'text', holder: 'text', expires_ts: 'int' },
      key: ['name'],
    },
  ],
  up: async () => undefined,
}
