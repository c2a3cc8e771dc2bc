import type { Migration } from './migration.ts'

/** What a store says about itself: whose it is. */
export const storeFacts: Migration = {
  version: 13,
  name: 'store facts',
  breaking: false,
  tables: [
    {
      name: 'store_facts',
      about:
        'What the store says about itself. server_name: the homeserver whose rooms these are; set at the first start, another one is refused.',
      columns: { name: 'text', value: 'text' },
      key: ['name'],
    },
  ],
  up: async () => undefined,
}
