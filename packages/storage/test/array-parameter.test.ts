import { inject } from 'vitest'
import { Client } from 'pg'
import { expect, it } from 'vitest'
import type { Cell, Kind } from '../src/dialect/dialect.ts'
import { arrayParameter } from '../src/dialect/postgres/array-parameter.ts'

it.each<[Kind, string, readonly Cell[], readonly unknown[]]>([
  [
    'int',
    'bigint',
    [0, 1, -1, 2 ** 32, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, null],
    ['0', '1', '-1', '4294967296', '9007199254740991', '-9007199254740991', null],
  ],
  ['small', 'smallint', [0, -1, 32_767, null], [0, -1, 32_767, null]],
  [
    'text',
    'text',
    ['', '{"a":"\\"b\\\\"}', 'ü€😀', 'NULL', '\u0000', null],
    ['', '{"a":"\\"b\\\\"}', 'ü€😀', 'NULL', '\u001b0000', null],
  ],
  ['blob', 'bytea', [new Uint8Array(), Uint8Array.of(0, 255), null], [Buffer.of(), Buffer.of(0, 255), null]],
  ['text', 'text', [], []],
])('is read as it was meant, %s', async (kind, type, cells, read) => {
  const client = new Client({ connectionString: inject('postgresUrl') })
  await client.connect()
  const { rows } = await client.query(`select v from unnest($1::${type}[]) as v`, [
    arrayParameter(kind, cells),
  ])
  await client.end()
  expect(rows.map(({ v }) => v as unknown)).toEqual(read)
})
