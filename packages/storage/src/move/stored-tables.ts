import { migrations } from '../migrations/index.ts'
import type { ColumnDefinition, TableDefinition } from '../migrations/tables.ts'
import type { Kind } from '../dialect/dialect.ts'

/** A table as it is after all migrations. */
export interface StoredTable {
  readonly name: string
  /** Names and kinds of its columns. */
  readonly columns: readonly (readonly [name: string, kind: Kind])[]
  /** By which its rows are read in order; empty: it has no key. */
  readonly key: readonly string[]
  /** Whether rows are numbered as they are inserted. */
  readonly isNumbered: boolean
}

/** What a process holds for a moment, and what belongs to the database rather than to the rooms. */
const OF_ONE_DATABASE = new Set(['leases', 'store_facts'])

/** The tables that make a store what it is, in the order in which they are created. */
export function storedTables(): readonly StoredTable[] {
  const renamed = new Map(
    migrations.flatMap(({ renames = [] }) => renames).map((one) => [one.from, one.table]),
  )
  const additions = migrations.flatMap(({ columns = [] }) => columns)
  return migrations
    .flatMap(({ tables }) => tables)
    .map((table) => renamed.get(table.name) ?? table)
    .filter(({ name }) => !OF_ONE_DATABASE.has(name))
    .map((table) => {
      const added = additions.filter((addition) => addition.table === table.name)
      const all = [table, ...added].flatMap(({ columns }) => Object.entries<ColumnDefinition>(columns))
      const numbered = all.find(([, definition]) => definition === 'position')?.[0]
      return {
        name: table.name,
        columns: all.map(([name, definition]) => [name, kindOf(definition)] as const),
        key: keyOf(table, numbered),
        isNumbered: numbered !== undefined,
      }
    })
}

function keyOf({ key = [] }: TableDefinition, numbered: string | undefined): readonly string[] {
  return numbered === undefined ? key : [numbered]
}

function kindOf(definition: ColumnDefinition): Kind {
  return definition === 'position' ? 'int' : (definition.replace('?', '') as Kind)
}
