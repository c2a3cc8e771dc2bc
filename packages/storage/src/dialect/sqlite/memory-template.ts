import { randomBytes } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'

/** Statements that make an empty store in memory as the migrations made the first one of this process. */
let template: string | undefined

/**
 * Makes an empty store in memory what the migrations would make of it, if they did so before in this process: it takes a
 * fraction of the time, and tests and simulations open thousands of stores. The migrations then have nothing to do.
 */
export function fillFromTemplate(database: DatabaseSync): void {
  if (template === undefined) return
  database.exec(`begin; ${template} commit`)
  // Outputs of two stores must not have the same IDs.
  database.prepare('update output_epochs set name = ?').run(randomBytes(6).toString('hex'))
}

/** Keeps for the next store what the migrations made of this one, which nobody has written to yet. */
export function keepAsTemplate(database: DatabaseSync): void {
  template ??= statementsOf(database)
}

/** Statements that make tables, indexes and rows of a database again, in another one that is empty. */
export function statementsOf(database: DatabaseSync): string {
  const made = database.prepare(
    'select type, name, sql from sqlite_schema where sql is not null order by rowid',
  )
  const objects = made.all().map(({ type, name, sql }) => ({ type, name: String(name), sql: String(sql) }))
  const tables = objects.filter(({ type }) => type === 'table')
  // SQLite makes its own tables itself.
  const schema = objects.filter(({ name }) => !name.startsWith('sqlite_')).map(({ sql }) => `${sql};`)
  return [...schema, ...tables.flatMap(({ name }) => insertsOf(database, name))].join('\n')
}

function insertsOf(database: DatabaseSync, table: string): readonly string[] {
  const columns = database.prepare('select name from pragma_table_info(?)').all(table)
  const values = columns.map(({ name }) => `quote("${String(name)}")`).join(` || ', ' || `)
  const rows = database.prepare(`select ${values} as row from "${table}"`).all()
  return rows.map(({ row }) => `insert into "${table}" values (${String(row)});`)
}
