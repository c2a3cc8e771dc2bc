import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { isFailure } from '@roomserver/types'
import { expect, it } from 'vitest'
import { openRows } from './rows.ts'

const folder = mkdtempSync(join(tmpdir(), 'rows-'))
const empty = join(folder, 'empty.db')
new DatabaseSync(empty).close()
const text = join(folder, 'text.db')
writeFileSync(text, 'not a database, but long enough to have been read as the header of one'.repeat(20))

it.each([
  ['a file that is not there', join(folder, 'missing.db'), 'unable to open database file'],
  ['the database of another component', empty, 'no such table: roomserver_rooms'],
  ['a file of another kind', `file:${text}`, 'file is not a database'],
  ['a password that ends the connection string', 'postgresql://u:a/b@h/rooms', 'with /, #, ?, @ and %'],
  ['a port where nobody listens', 'postgresql://127.0.0.1:1/dendrite', 'ECONNREFUSED'],
])('refuses in one line to import from %s', async (_what, from, reason) => {
  const read = async () => {
    await using rows = openRows(from)
    await rows.read('select room_nid from roomserver_rooms')
  }
  const failure = await read().catch((error: unknown) => error)
  expect(isFailure(failure, 'BAD_REQUEST')).toBe(true)
  expect(String(failure)).toContain('--from: expected a database of a Dendrite room server')
  expect(String(failure)).toContain(reason)
})
