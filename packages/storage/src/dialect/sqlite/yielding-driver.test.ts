import { Kysely, sql } from 'kysely'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openSqliteFile } from './adapter.ts'
import { YieldingSqliteDialect } from './yielding-driver.ts'

// A clock and turns of the event loop that are the test's; a statement `select tick(n)` takes n milliseconds of that clock.
let now: number
let turns: (() => void)[]
let db: Kysely<unknown>
let done: number[]

beforeEach(() => {
  ;[now, turns, done] = [0, [], []]
  const database = openSqliteFile(':memory:', 'full')
  database.database.function('tick', (ms) => {
    now += Number(ms)
    return ms
  })
  const pacing = { nextTurn: (begin: () => void) => void turns.push(begin), now: () => now }
  db = new Kysely({ dialect: new YieldingSqliteDialect({ database }, pacing) })
})
afterEach(() => db.destroy())

/** A statement that takes so long; what is over, is in `done`. */
async function statement(ms: number, on: Pick<Kysely<unknown>, 'executeQuery'> = db): Promise<void> {
  await on.executeQuery(sql`select tick(${sql.lit(ms)})`.compile(db))
  done.push(ms)
}

/** All that goes on without a turn of the loop. */
const settled = () => new Promise((resolve) => setTimeout(resolve))

async function turn(): Promise<void> {
  for (const begin of turns.splice(0)) begin()
  await settled()
}

it('has statements follow one another for 5 ms in a turn of the event loop, and the others wait for the next', async () => {
  const all = Array.from({ length: 12 }, () => statement(1))
  await settled()
  expect(done).toHaveLength(5)
  await turn()
  expect(done).toHaveLength(10)
  await turn()
  expect(done).toHaveLength(12)
  await Promise.all(all)
})

it('leaves the loop to others for the longer, the longer a statement took', async () => {
  const all = [20, 1].map((ms) => statement(ms))
  for (const expected of [[20], [20], [20], [20], [20, 1]]) {
    await settled()
    expect(done).toEqual(expected)
    await turn()
  }
  await Promise.all(all)
})

it('asks for no turn of the loop for statements that are short', async () => {
  await statement(1)
  expect(turns).toEqual([])
  await statement(1)
  expect(turns).toHaveLength(1)
  await turn()
  await statement(1)
  expect(turns).toEqual([])
})

it('interrupts no transaction, and counts none', async () => {
  await db.transaction().execute(async (transaction) => {
    for (let at = 0; at < 4; at++) await statement(5, transaction)
  })
  expect(done).toHaveLength(4)
  expect(turns).toEqual([])
  await statement(1)
  expect(done).toHaveLength(5)
})
