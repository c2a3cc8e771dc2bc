import type { Migration } from './migration.ts'

export const inboxClaims: Migration = {
  version: 4,
  name: 'inbox claims',
  breaking: false,
  tables: [],
  columns: [
    {
      table: 'inbox',
      about:
        'holder: the lease of the process that works on it; where that has expired, any other takes it over.',
      columns: { holder: 'text' },
    },
  ],
  up: async () => undefined,
}
