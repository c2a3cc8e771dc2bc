import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { type Logger, silentLogger } from '@roomserver/types'
import { expect, it } from 'vitest'
import { openStorage } from '../src/index.ts'
import { storedRoom, writeSet } from '@roomserver/storage-contract'
import { postgresPlace } from './postgres-database.ts'

/** The startup message of PostgreSQL's protocol, and whatever came with it. */
function startup(bytes: Buffer): { readonly parameters: Map<string, string>; readonly rest: Buffer } {
  const length = bytes.readInt32BE(0)
  const texts = bytes
    .subarray(8, length - 2)
    .toString()
    .split('\0')
  const parameters = new Map<string, string>()
  for (let at = 0; at + 1 < texts.length; at += 2) parameters.set(texts[at] ?? '', texts[at + 1] ?? '')
  return { parameters, rest: bytes.subarray(length) }
}

function startupMessage(parameters: ReadonlyMap<string, string>): Buffer {
  const body = Buffer.from([...parameters].map(([name, value]) => `${name}\0${value}\0`).join('') + '\0')
  const head = Buffer.alloc(8)
  head.writeInt32BE(body.length + 8)
  head.writeInt32BE(196_608, 4)
  return Buffer.concat([head, body])
}

function refusal(message: string): Buffer {
  const body = Buffer.from(`SFATAL\0C08P01\0M${message}\0\0`)
  const head = Buffer.from('E\0\0\0\0', 'latin1')
  head.writeInt32BE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

const OF_SESSIONS = ['idle_in_transaction_session_timeout', 'options']

/**
 * Stands before PostgreSQL as PgBouncer does: what a session is begun with is refused, or (`ignore_startup_parameters`)
 * dropped. It keeps what clients send to prepare statements.
 */
async function pooler(url: string, how: 'refuses' | 'drops') {
  const prepared: string[] = []
  const { hostname, port, searchParams } = new URL(url)
  // The schema of the test is not what is tried here.
  const schema = searchParams.get('options') ?? ''
  const server = createServer((near) => {
    near.on('error', () => undefined)
    near.once('data', (first: Buffer) => {
      const { parameters, rest } = startup(first)
      const [unknown] = OF_SESSIONS.filter((name) => parameters.has(name) && parameters.get(name) !== schema)
      if (how === 'refuses' && unknown !== undefined)
        return near.end(refusal(`unsupported startup parameter: ${unknown}`))
      for (const name of OF_SESSIONS) parameters.delete(name)
      parameters.set('options', schema)
      const far: Socket = connect(Number(port), hostname)
      far.on('error', () => undefined)
      far.write(Buffer.concat([startupMessage(parameters), rest]))
      near.on('data', (chunk: Buffer) => {
        // P: Parse, with the name of the statement, which is empty where it is not kept.
        if (chunk[0] === 0x50 && chunk[5] !== 0) prepared.push(chunk.subarray(5, 25).toString())
        far.write(chunk)
      })
      far.pipe(near)
      near.on('close', () => far.destroy())
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const through = new URL(url)
  if (typeof address === 'object' && address !== null) through.port = String(address.port)
  return { url: through.href, prepared, [Symbol.dispose]: () => void server.close() }
}

it.each(['refuses', 'drops'] as const)(
  'prepares nothing and sets nothing for sessions where a pooler %s settings',
  async (how) => {
    await using place = await postgresPlace()
    using between = await pooler(place.url, how)
    const warnings: string[] = []
    const logger: Logger = { ...silentLogger, warn: (_fields, message) => warnings.push(message) }
    await using store = await openStorage({ dialect: 'postgres', connectionString: between.url }, { logger })
    const room = await storedRoom(store)
    expect(await store.commit([writeSet(room)])).toMatchObject([{ kind: 'committed' }])
    expect(await store.room(room.roomId)).toMatchObject({ roomId: room.roomId })
    expect(between.prepared).toEqual([])
    expect(warnings).toEqual([expect.stringContaining('a connection pooler stands before PostgreSQL')])
  },
)

it('prepares statements where nothing stands between', async () => {
  await using place = await postgresPlace()
  const warnings: string[] = []
  const logger: Logger = { ...silentLogger, warn: (_fields, message) => warnings.push(message) }
  await using store = await openStorage({ dialect: 'postgres', connectionString: place.url }, { logger })
  expect(await storedRoom(store)).toBeDefined()
  expect(warnings).toEqual([])
})
