import { sql } from 'kysely'

/** What SQLite says about a file. */
export const sqliteFacts = sql<{ readonly name: string; readonly value: string | null }>`
  select 'version' as name, sqlite_version() as value
  union all select 'journal_mode', journal_mode from pragma_journal_mode
  union all select 'synchronous', cast(synchronous as text) from pragma_synchronous
  union all select 'encoding', encoding from pragma_encoding
  union all select 'bytes', cast(page_count * page_size as text) from pragma_page_count, pragma_page_size
  union all select 'now', cast(cast(unixepoch('subsec') * 1000 as integer) as text)`
