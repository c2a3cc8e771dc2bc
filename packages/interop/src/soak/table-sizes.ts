import { stat } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { Client } from 'pg'

/** Bytes by table, indexes counted with their table. */
export type TableSizes = ReadonlyMap<string, number>

/**
 * What the tables of a store take on the disk.
 *
 * @param database - `file:…` or `postgresql://…`
 */
export async function tableSizes(database: string): Promise<TableSizes> {
  return database.startsWith('file:') ? await sqliteSizes(database.slice(5)) : await postgresSizes(database)
}

async function sqliteSizes(file: string): Promise<TableSizes> {
  const db = new DatabaseSync(file, { readOnly: true })
  try {
    const rows = db
      .prepare(
        `select coalesce(s.tbl_name, d.name) as name, sum(d.pgsize) as bytes
         from dbstat d left join sqlite_schema s on s.name = d.name group by 1`,
      )
      .all()
    const log = await stat(`${file}-wal`).catch(() => undefined)
    return new Map([
      ...rows.map(({ name, bytes }) => [String(name), Number(bytes)] as const),
      ['(write-ahead log)', log?.size ?? 0],
    ])
  } finally {
    db.close()
  }
}

async function postgresSizes(url: string): Promise<TableSizes> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<{ name: string; bytes: string }>(
      `select c.relname as name, pg_total_relation_size(c.oid) as bytes
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where c.relkind in ('r', 'p') and n.nspname not in ('pg_catalog', 'information_schema')`,
    )
    return new Map(rows.map(({ name, bytes }) => [name, Number(bytes)]))
  } finally {
    await client.end()
  }
}
