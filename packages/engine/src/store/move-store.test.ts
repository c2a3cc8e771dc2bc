import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newRoom, NO_CHANGES, type RoomNid } from '@roomserver/types'
import { expect, it } from 'vitest'
import { newDatabase } from '../../test/new-database.ts'
import { openMove } from './move-store.ts'
import { openStore } from './open-store.ts'

const newFile = () =>
  ({ dialect: 'sqlite', file: join(mkdtempSync(join(tmpdir(), 'move-')), 'rooms.db') }) as const

it('keeps both stores from others while it copies, and then gives the new one free', async () => {
  await using database = await newDatabase()
  const from = newFile()
  const to = { dialect: 'postgres', connectionString: database.url } as const
  const room = newRoom({ nid: 1 as RoomNid, roomId: '!r:a', version: '10' })
  {
    await using store = await openStore(from, 'a')
    await store.commit([{ room, next: room, ...NO_CHANGES }])
  }
  {
    await using move = await openMove(from, to)
    await expect(openStore(from, 'a')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    const copied: unknown[] = []
    for await (const progress of move.copy()) copied.push(progress)
    expect(copied.length).toBeGreaterThan(0)
    await expect(openStore(to, 'a')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    await move.finish()
  }
  await using store = await openStore(to, 'a')
  expect(await store.rooms(0 as RoomNid, 10)).toMatchObject([{ roomId: '!r:a' }])
  await (await openStore(from, 'a'))[Symbol.asyncDispose]()
})

it('keeps a file from others that it copies into, and gives it back when it cannot', async () => {
  await using database = await newDatabase()
  const to = newFile()
  const from = { dialect: 'postgres', connectionString: database.url } as const
  {
    await using _move = await openMove(from, to)
    await expect(openStore(to, 'a')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  }
  await using _store = await openStore(from, 'a')
  await expect(openMove(from, newFile())).rejects.toMatchObject({ code: 'DATABASE_IN_USE' })
})

it('makes no file for the store that it should copy', async () => {
  const { file } = newFile()
  const failure = {
    code: 'STORE_UNAVAILABLE',
    details: { reason: `no store at ${file}` },
    message: `no store at ${file}`,
  }
  for (let attempt = 0; attempt < 2; attempt++)
    await expect(openMove({ dialect: 'sqlite', file }, newFile())).rejects.toMatchObject(failure)
})
