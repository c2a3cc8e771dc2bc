import type { Kysely } from 'kysely'
import type { Dialect } from '../dialect/dialect.ts'
import type { ColumnAddition, IndexAddition, TableDefinition, TableRename } from './tables.ts'

/** A step from one schema to the next. Steps go forward only and run in the order of their versions. */
export interface Migration {
  readonly version: number
  readonly name: string
  /** Whether a program that does not know this step can no longer work with the database. */
  readonly breaking: boolean
  /** Tables that it creates. */
  readonly tables: readonly TableDefinition[]
  /** Columns that it adds to tables of earlier steps. */
  readonly columns?: readonly ColumnAddition[]
  /** Indexes that it adds to tables of earlier steps. */
  readonly indexes?: readonly IndexAddition[]
  /** Tables of earlier steps that it renames. */
  readonly renames?: readonly TableRename[]
  /** What `up` does to rows that are there, for people; left out: nothing that takes time. */
  readonly rows?: string
  /** What else it does, after that. */
  up<S>(db: Kysely<S>, dialect: Dialect): Promise<void>
}
