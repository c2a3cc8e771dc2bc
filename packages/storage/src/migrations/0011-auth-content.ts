import type { Migration } from './migration.ts'

/** A verdict follows from what events said, so what the rules read of a redacted one stays, for them alone. */
export const authContent: Migration = {
  version: 11,
  name: 'auth content',
  breaking: false,
  tables: [],
  columns: [
    {
      table: 'events',
      about:
        'auth_content: of a redacted event, a JSON object of the members that the authorization rules read and json has not any more; served to nobody. Empty: it is not redacted, or was before this was kept.',
      columns: { auth_content: 'text' },
    },
  ],
  up: async () => undefined,
}
