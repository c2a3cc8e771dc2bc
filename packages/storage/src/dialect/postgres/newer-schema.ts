import type { PostgresPoolClient } from 'kysely'
import { tooNewText } from '../../migrate.ts'
import { newestMigration } from '../../migrations/index.ts'

const NEWEST_BREAKING = 'select coalesce(max(version), 0) as version from schema_versions where breaking = 1'

/**
 * Why this program cannot use the database any more: it was migrated while the process was cut off from it, so that the
 * migration did not see the process. Its statements would fail one by one, or write what the newer schema does not expect.
 *
 * @returns undefined where it can
 */
export async function newerSchema(client: PostgresPoolClient): Promise<string | undefined> {
  const { rows } = await client.query<{ readonly version: number }>(NEWEST_BREAKING, [])
  const found = Number(rows[0]?.version ?? 0)
  return found > newestMigration ? tooNewText(found, newestMigration) : undefined
}
