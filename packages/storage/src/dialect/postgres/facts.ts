import { sql } from 'kysely'

/** Settings that are named as the facts are. */
const SETTINGS = [
  'fsync',
  'full_page_writes',
  'synchronous_commit',
  'synchronous_standby_names',
  'max_connections',
  'transaction_read_only',
]

/** What PostgreSQL says about a database and its server. */
export const postgresFacts = sql<{ readonly name: string; readonly value: string | null }>`
  select 'version' as name, current_setting('server_version_num') as value
  union all select name, current_setting(name, true) from unnest(${sql.lit(`{${SETTINGS.join(',')}}`)}::text[]) as name
  union all select 'encoding', pg_encoding_to_char(encoding) from pg_database where datname = current_database()
  union all select 'collation', datcollversion from pg_database where datname = current_database()
  union all select 'collation_of_system', pg_database_collation_actual_version(oid) from pg_database
    where datname = current_database()
  union all select 'bytes', cast(pg_database_size(current_database()) as text)
  union all select 'standbys', cast(count(*) filter (where sync_state in ('sync', 'quorum')) as text) from pg_stat_replication
  union all select 'may_make_temporary', cast(has_database_privilege(current_database(), 'TEMPORARY') as text)
  union all select 'now', cast(cast(extract(epoch from clock_timestamp()) * 1000 as bigint) as text)`
