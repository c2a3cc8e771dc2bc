import { afterEach, beforeEach, expect, it } from 'vitest'
import { openSqliteFile, type SqliteAdapter } from './adapter.ts'

let adapter: SqliteAdapter
beforeEach(() => {
  adapter = openSqliteFile(':memory:', 'full')
  adapter.prepare('create table t (a integer, b text, c blob) strict').run([])
})
afterEach(() => adapter.close())

it('keeps statements prepared, the latest of them', () => {
  const first = adapter.prepare('select 1')
  expect(adapter.prepare('select 1')).toBe(first)
  for (let i = 0; i < 400; i++) adapter.prepare(`select ${i + 2}`)
  expect(adapter.prepare('select 1')).not.toBe(first)
})

it('takes every kind of value that we store', () => {
  const insert = adapter.prepare('insert into t values (?, ?, ?)')
  expect(insert.reader).toBe(false)
  insert.run([2 ** 52, 'text \u0000', Uint8Array.of(1, 2)])
  insert.run([true, undefined, null])
  const select = adapter.prepare('select * from t order by a desc')
  expect(select.reader).toBe(true)
  expect(select.all([])).toEqual([
    { a: 2 ** 52, b: 'text \u0000', c: Uint8Array.of(1, 2) },
    { a: 1, b: null, c: null },
  ])
  expect([...select.iterate([])]).toHaveLength(2)
})

it('refuses what has no place in a database', () => {
  expect(() => adapter.prepare('insert into t (b) values (?)').run([{}])).toThrow(TypeError)
})

it('takes the lock at the beginning of a transaction', () => {
  adapter.prepare('begin').run([])
  expect(() => adapter.prepare('begin').run([])).toThrow(/within a transaction/)
  adapter.prepare('rollback').run([])
})

it('goes on after a transaction that found the disk full, and says that it was', () => {
  const insert = adapter.prepare('insert into t (b) values (?)')
  adapter.database.exec('pragma max_page_count = 10')
  adapter.prepare('begin').run([])
  const fill = () => {
    for (let i = 0; i < 100; i++) insert.run(['x'.repeat(8_000)])
  }
  expect(fill).toThrow(expect.objectContaining({ code: 'STORE_UNAVAILABLE' }))
  adapter.prepare('rollback').run([])
  adapter.prepare('begin').run([])
  insert.run(['small'])
  adapter.prepare('commit').run([])
  expect(adapter.prepare('select b from t').all([])).toEqual([{ b: 'small' }])
})
