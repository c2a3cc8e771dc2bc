import type { CompiledQuery, RawBuilder } from 'kysely'

/** What a column holds. `int` is a 64-bit integer within JavaScript's safe range, `small` a code or a flag. */
export type Kind = 'int' | 'small' | 'text' | 'blob'

/** A value of a row on its way into the database. */
export type Cell = number | string | Uint8Array | null

/** How a database words the schema and what migrations need. */
export interface SchemaDialect {
  /** Column types as the schema names them. */
  readonly types: Readonly<Record<Kind, RawBuilder<unknown>>>
  /** A column that counts the rows as they are inserted, as primary key. */
  readonly position: RawBuilder<unknown>
  /** What stands behind a table's columns: `wide` tables keep their own row order, `keyed` ones that of the primary key. */
  readonly tableEnd: Readonly<Record<'wide' | 'keyed', RawBuilder<unknown>>>
  /** Makes an index keep hashes instead of what it indexes, where that could be too long. */
  readonly usingHash: RawBuilder<unknown>
  /** Makes other processes wait that want to change the schema, until the end of the transaction. */
  readonly lockMigrations: RawBuilder<unknown>
  /** Ends a wait for other transactions that keep a table, of which the whole database would have to wait as well. */
  readonly boundWaits: RawBuilder<unknown>
  /** Lists the other connections of this program to the database, as `name`: `roomserver/` and the schema that they know. */
  readonly connections: RawBuilder<{ readonly name: string }>
  /** Lets writes to a table not wait for the disk, where that is a property of tables; a crash may empty it. */
  unlogged(table: string): RawBuilder<unknown>
  /** Lists the tables of this name. */
  tablesNamed(name: string): RawBuilder<unknown>
}

/** Pages of a file. */
export interface FilePages {
  readonly pages: number
  /** Those that hold nothing, and that the file can do without. */
  readonly free: number
}

/** How a file gets smaller. */
interface FileSpace {
  readonly pages: RawBuilder<FilePages>
  /** Takes pages that hold nothing from the end of the file, moving others there, so many at the most. */
  readonly giveBack: (limit: number) => RawBuilder<unknown>
  /** Makes the file as short as it may be by now. */
  readonly truncate: RawBuilder<unknown>
}

/** How a database words queries where the two differ. */
export interface QueryDialect {
  /** `column` is one of a list that is passed as one parameter, see {@link QueryDialect.list}. */
  among(column: string, kind: 'int' | 'text'): RawBuilder<boolean>
  /** The same for bytes; the list is of hex digits. */
  amongBlobs(column: string): RawBuilder<boolean>
  /** The parameter for {@link QueryDialect.among}. */
  list(values: readonly (number | string)[]): unknown
  /** Rows of a position and a stream's sequence each, from one parameter: see {@link pairsList}. */
  readonly pairs: RawBuilder<unknown>
  /** Says that an inserted row brings its own position. */
  readonly ownPosition: RawBuilder<unknown>
  /** The position that the next row of a table gets, as `next`. */
  nextPosition(table: string): RawBuilder<{ readonly next: number }>
  /** The statements that have the positions of a table go on at `first`. */
  startPositions(table: string, first: number): readonly RawBuilder<unknown>[]
  /** The function that gives the place (from 1) of the first occurrence of its second argument in its first; 0: none. */
  readonly firstIndex: 'instr' | 'strpos'
  /** Milliseconds since the epoch by the clock of the database, which all processes share. */
  readonly nowMs: RawBuilder<number>
  /** What the database says about itself, as rows of `name` and `value`: see `DatabaseFacts`. */
  readonly facts: RawBuilder<{ readonly name: string; readonly value: string | null }>
  /** 1 where the server takes no writes now, else 0. */
  readonly isReadOnly: RawBuilder<number>
  /** True; the statement's transaction ends without a wait for the disk, where it is one of its own: a crash may undo it. */
  readonly unsynced: RawBuilder<boolean>
  /** Ends a query whose rows are to be locked until the end of the transaction. */
  readonly forUpdate: RawBuilder<unknown>
  /** How a file gets smaller, where the database is one. */
  readonly fileSpace?: FileSpace
  /** Counts (as `pages`) the pages of a table, where rows can be read by page. */
  readonly pagesOf?: (table: string) => RawBuilder<unknown>
  /**
   * Statements that work on many rows at once. `text` is given the rows as the source of a common table expression
   * whose columns are in the order of `columns`.
   */
  bulk(
    columns: readonly Kind[],
    text: (source: string) => string,
    rows: readonly (readonly Cell[])[],
  ): CompiledQuery[]
}

/** The parameter for {@link QueryDialect.pairs}. */
export function pairsList(
  pairs: readonly { readonly position: number; readonly sequence: number }[],
): string {
  return JSON.stringify(pairs.map(({ position, sequence }) => [position, sequence]))
}

/** How a database works, where the way of doing something depends on it. */
export interface DatabaseTraits {
  /** Whether an index holds the NID of each row, in order, behind the columns that it was made for. */
  readonly indexesHoldNid: boolean
  /** Whether a transaction locks the rows that it changes; SQLite's have the whole database for themselves. */
  readonly locksRows: boolean
  /** Whether a statement costs a round trip, and so one large one is better than several. */
  readonly savesRoundTrips: boolean
  /** Whether a statement holds the event loop until it is over, so that one over very many rows is cut into pages. */
  readonly holdsEventLoop: boolean
}

/** Everything in which the two databases differ; queries are otherwise the same text. Each database has a folder. */
export interface Dialect extends QueryDialect, DatabaseTraits {
  readonly name: 'sqlite' | 'postgres'
  readonly schema: SchemaDialect
}
