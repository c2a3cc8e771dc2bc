import { connectNats, consumeOutputs, parseMessageId, registerConsumer } from '@roomserver/producers'
import { createDatabase, RoomBuilder, startNats } from '@roomserver/testing'
import { Client } from 'pg'
import { expect, inject, it } from 'vitest'
import { configFile, folder, Program } from './program.ts'

const PROCESSES = 3
const ROOMS = 4
const MESSAGES = 30

it('delivers the outputs of a room in order, through several processes whose positions are not', {
  timeout: 180_000,
}, async ({ signal }) => {
  await using database = await createDatabase(inject('postgresUrl'))
  await using nats = await startNats()
  const config = configFile(folder(), {
    global: { jetstream: { addresses: [nats.url], topic_prefix: 'Order' } },
    room_server: { database: { connection_string: database.url } },
    // While the message server is away, nobody waits for it.
    roomserver: { output: { acknowledgement_wait: '0s' } },
  })
  await using owned = new AsyncDisposableStack()
  const programs = [owned.use(await Program.serving(['--config', config]))]
  await outOfOrder(database.url)
  while (programs.length < PROCESSES) programs.push(owned.use(await Program.serving(['--config', config])))
  await expect.poll(async () => (await fetch(`${programs[0]?.url}/readyz`)).status).toBe(200)
  const options = { servers: [nats.url], topicPrefix: 'Order' }
  const connection = await connectNats(options)
  owned.defer(() => connection.close())
  const consumer = { topicPrefix: 'Order', durable: 'Reader' }
  await registerConsumer(connection, consumer)

  const rooms = await Promise.all(
    Array.from({ length: ROOMS }, (_, index) =>
      RoomBuilder.create({ creator: '@alice:localhost', roomId: `!r${index}:localhost` }),
    ),
  )
  // While the message server is away, so that outputs of a room wait together.
  await nats.stop()
  // One event of a room after the other, each through another process than the one before.
  await Promise.all(
    rooms.map(async (room, number) => {
      for (let message = 0; message < MESSAGES; message++) await room.message(`${message}`)
      for (const [index, { eventId, json }] of room.events.entries()) {
        const event = {
          ...(JSON.parse(json) as object),
          _event_id: eventId,
          _room_version: room.rules.version,
        }
        const program = programs[(index + number) % PROCESSES]
        await program?.post('inputRoomEvents', { input_room_events: [{ kind: 2, event }] })
      }
    }),
  )

  await nats.start()
  const total = rooms.reduce((sum, { events }) => sum + events.length, 0)
  const seqs = new Map<string, number[]>()
  let taken = 0
  for await (const delivery of consumeOutputs(connection, consumer, signal)) {
    await delivery.ack()
    const { roomId = '', seq = 0 } = parseMessageId(delivery.id) ?? {}
    seqs.set(roomId, [...(seqs.get(roomId) ?? []), seq])
    if (++taken === total) break
  }
  for (const { roomId, events } of rooms) {
    expect(seqs.get(roomId)).toEqual(events.map((_, index) => index + 1))
  }
  expect(await positionsOutOfOrder(database.url)).toBeGreaterThan(0)
})

/** Has each connection take many positions at once, so that they say nothing about the order of commits. */
async function outOfOrder(url: string): Promise<void> {
  await query(url, 'alter sequence outputs_position_seq cache 100')
}

/** How many outputs have a lower position than the one before them in their room. */
async function positionsOutOfOrder(url: string): Promise<number> {
  const rows = await query(
    url,
    `select count(*)::int as n from delivered_outputs one join delivered_outputs before
      on before.room_nid = one.room_nid and before.seq = one.seq - 1 and before.position > one.position`,
  )
  return (rows[0] as { readonly n: number } | undefined)?.n ?? 0
}

async function query(url: string, sql: string): Promise<readonly unknown[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}
