import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import type { Dialect } from '../src/dialect/dialect.ts'
import { postgres } from '../src/dialect/postgres/dialect.ts'
import { sqlite } from '../src/dialect/sqlite/dialect.ts'
import { schemaVersions } from '../src/migrate.ts'
import { migrations } from '../src/migrations/index.ts'
import {
  additionStatements,
  indexStatements,
  renameStatements,
  type TableDefinition,
  tableStatements,
} from '../src/migrations/tables.ts'
import type { Schema } from '../src/schema.ts'

const compileSqlite = new Kysely<Schema>({
  dialect: {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
})

const compilePostgres = new Kysely<Schema>({
  dialect: {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new DummyDriver(),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
})

const tables = [schemaVersions, ...migrations.flatMap((migration) => migration.tables)]
const indexes = migrations.flatMap((migration) => migration.indexes ?? [])
const renames = migrations.flatMap((migration) => migration.renames ?? [])
const renamed = new Map(renames.map(({ from, table }) => [from, table]))
const additions = migrations.flatMap((migration) => migration.columns ?? [])

/** `docs/schema.md`, made from the migrations. */
export function schemaDocument(): string {
  return `# Schema

Printed from the migrations by a test of \`packages/storage\` (\`vitest run -u\` there writes it anew); the tables are the
same on both databases. NIDs are numbers that stand for Matrix's strings, and mean nothing outside of their store; 0 means "none".
There are no foreign keys: what refers to what is written in one transaction, and \`roomserver check\` verifies it.
Texts hold any JavaScript string: U+0000, U+001B and half surrogate pairs are stored as U+001B and four hex digits.
Lists of numbers and state blocks are bytes: seven bits a byte, the lowest first (varints).

${tables
  .map((table) => renamed.get(table.name) ?? table)
  .map(describe)
  .join('\n')}
## Migrations

| version | name | breaking |
| --- | --- | --- |
${migrations.map(({ version, name, breaking }) => `| ${version} | ${name} | ${breaking ? 'yes' : 'no'} |`).join('\n')}

## SQLite

\`\`\`sql
${statements(compileSqlite, sqlite)}
\`\`\`

## PostgreSQL

\`\`\`sql
${statements(compilePostgres, postgres)}
\`\`\`
`
}

function describe(table: TableDefinition): string {
  const added = additions.filter((addition) => addition.table === table.name)
  const columns = [table, ...added]
    .flatMap((one) => Object.entries(one.columns))
    .map(([name, kind]) => `\`${name}\` ${kind}`)
  return `## ${table.name}

${[table.about, ...added.map(({ about }) => about)].join(' ')}

${columns.join(', ')}
`
}

function statements(db: Kysely<Schema>, dialect: Dialect): string {
  const all = [
    ...tables.flatMap((table) => tableStatements(db, dialect, table)),
    ...additions.flatMap((addition) => additionStatements(db, dialect, addition)),
    ...indexes.flatMap((index) => indexStatements(db, dialect, index)),
    ...renames.flatMap((rename) => renameStatements(db, dialect, rename)),
  ]
  return all.map(({ sql }) => `${sql.replaceAll(/"([a-z_]+)"/g, '$1').trim()};`).join('\n')
}
