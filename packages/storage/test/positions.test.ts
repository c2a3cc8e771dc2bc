import { mkdtempSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { NO_NID } from '@roomserver/types'
import { expect, it } from 'vitest'
import { openStorage, type Storage } from '../src/index.ts'
import { newOutput, storedRoom, writeSet } from '@roomserver/storage-contract'
import { postgresPlace } from './postgres-database.ts'

/** Stores outputs and input. */
async function fill(store: Storage): Promise<void> {
  const room = await storedRoom(store)
  const next = { ...room, outputSeq: 2 }
  const outputs = [newOutput(room, 1, NO_NID), newOutput(room, 2, NO_NID)]
  expect(await store.commit([writeSet(room, { next, outputs })])).toMatchObject([{ kind: 'committed' }])
  await store.enqueue([{ roomId: room.roomId, payload: '{}' }], 'somebody')
}

async function expectRepair(store: Storage): Promise<void> {
  const findings = await store.checkCounters()
  expect(findings.map(({ kind, needed }) => [kind, needed > 1])).toEqual([
    ['outputs', true],
    ['inbox', true],
  ])
  await store.repairCounters(findings)
  expect(await store.checkCounters()).toEqual([])
  await fill(store)
}

// Logical replication copies rows and not sequences, and so do upgrades that are made by it.
it('finds identity columns that were left behind on PostgreSQL, and moves them on', async () => {
  await using place = await postgresPlace()
  await using store = await place.open()
  await fill(store)
  expect(await store.checkCounters()).toEqual([])
  const client = new Client({ connectionString: place.url })
  await client.connect()
  for (const table of ['outputs', 'inbox'])
    await client.query(`select setval(pg_get_serial_sequence('${table}', 'position'), 1, false)`)
  await client.end()
  await expectRepair(store)
})

it('finds positions that begin again on SQLite, and moves them on', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'roomserver-positions-')), 'rooms.db')
  await using store = await openStorage({ dialect: 'sqlite', file })
  await fill(store)
  expect(await store.checkCounters()).toEqual([])
  const other = new DatabaseSync(file)
  other.exec('delete from sqlite_sequence')
  other.close()
  await expectRepair(store)
})
