import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Logger, newRoom, type RoomNid, silentLogger } from '@roomserver/types'
import { describe, expect, it, vi } from 'vitest'
import { keyFrom, keySourceOf } from './given-key.ts'
import { readSigningKey } from './signing-key.ts'
import type { StorePlace } from './store/store-place.ts'

const KEY = { server: 'a', keyId: 'ed25519:test', seed: 'A'.repeat(43) }
const FILE: StorePlace = { kind: 'options', options: { dialect: 'sqlite', file: 'rooms.db' } }
const MEMORY: StorePlace = { kind: 'options', options: { dialect: 'sqlite', file: ':memory:' } }
const POSTGRES: StorePlace = {
  kind: 'options',
  options: { dialect: 'postgres', connectionString: 'postgresql://x' },
}
const GIVEN = { kind: 'given', store: {} } as StorePlace

describe('where a key comes from', () => {
  it.each([
    ['a key', KEY, FILE, KEY],
    ['a key for PostgreSQL', KEY, POSTGRES, KEY],
    ['a file', 'mine.pem', FILE, { file: 'mine.pem' }],
    ['a file for a store of one’s own', 'mine.pem', GIVEN, { file: 'mine.pem' }],
    ['nothing beside a file', undefined, FILE, { file: 'rooms.db.signing-key.pem' }],
    ['nothing with a store in memory', undefined, MEMORY, 'not kept'],
  ])('%s', (_what, key, place, source) => expect(keySourceOf(key, place)).toEqual(source))

  it.each<readonly [string, unknown, StorePlace, string]>([
    ['nothing with PostgreSQL', undefined, POSTGRES, 'PostgreSQL database'],
    ['nothing with a store of one’s own', undefined, GIVEN, 'the store use'],
    ['an empty path', '', FILE, 'or the path of a file for one'],
    ['null', null, FILE, 'or the path of a file for one'],
    ['a list', [KEY], FILE, '{ server, keyId, seed }'],
    ['a key without a server', { ...KEY, server: undefined }, FILE, '{ server, keyId, seed }'],
    ['a key without an ID', { ...KEY, keyId: 7 }, FILE, '{ server, keyId, seed }'],
    ['a key of bytes', { ...KEY, seed: new Uint8Array(32) }, FILE, '{ server, keyId, seed }'],
  ])('not from %s', (_what, key, place, expected) => {
    expect(() => keySourceOf(key as string, place)).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        details: { argument: 'signingKey', expected: expect.stringContaining(expected) as string },
      }) as Error,
    )
  })
})

describe('the key', () => {
  const room = newRoom({ nid: 1 as RoomNid, roomId: '!r:a', version: '10' })

  async function key(file: string, rooms: readonly (typeof room)[]) {
    const said: unknown[] = []
    const log: Logger = { ...silentLogger, info: (fields, text) => said.push([fields, text]) }
    const storage = { rooms: vi.fn(async () => rooms) }
    const found = await keyFrom({ file }, { serverName: 'a', storage, log })
    return { found, said, asked: storage.rooms.mock.calls }
  }
  const newFile = () => join(mkdtempSync(join(tmpdir(), 'key-')), 'key.pem')

  it('is made in a file, and read from it afterwards, whatever rooms there are then', async () => {
    const file = newFile()
    const made = await key(file, [])
    const { keyId } = readSigningKey(file)
    expect(made.found).toMatchObject({ server: 'a', keyId })
    expect(made.asked).toEqual([[0, 1]])
    expect(made.said).toEqual([
      [{ file, key_id: keyId }, 'made a signing key; back the file up with the database'],
    ])
    expect(await key(file, [room])).toEqual({ found: made.found, said: [], asked: [] })
  })

  it('is not made for a store that has rooms', async () => {
    const file = newFile()
    const expected = `the key that events of the rooms in this store were signed with; ${file} does not exist`
    await expect(key(file, [room])).rejects.toMatchObject({ details: { argument: 'signingKey', expected } })
    expect(() => readSigningKey(file)).toThrow('ENOENT')
  })

  it('is the one that was given, or another one each time where it is not kept', async () => {
    const use = { serverName: 'a', storage: { rooms: async () => [room] }, log: silentLogger }
    expect(await keyFrom(KEY, use)).toBe(KEY)
    const [one, other] = [await keyFrom('not kept', use), await keyFrom('not kept', use)]
    expect([one.server, one.keyId === other.keyId, one.seed === other.seed]).toEqual(['a', false, false])
  })
})
