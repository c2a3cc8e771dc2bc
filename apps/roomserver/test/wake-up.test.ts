import { connectNats, consumeOutputs, registerConsumer } from '@roomserver/producers'
import { createDatabase, RoomBuilder, startNats } from '@roomserver/testing'
import { expect, inject, it } from 'vitest'
import { configFile, folder, Program } from './program.ts'

/** Far longer than the test: who learns of something before, was woken. */
const NEVER = '10h'

it('delivers what another process committed when that wakes it, and not when it looks', async ({
  signal,
}) => {
  await using database = await createDatabase(inject('postgresUrl'))
  await using nats = await startNats()
  const config = configFile(folder(), {
    global: { jetstream: { addresses: [nats.url], topic_prefix: 'Test' } },
    room_server: { database: { connection_string: database.url } },
    roomserver: { output: { look_every: NEVER, acknowledgement_wait: '30s' } },
  })
  // The first takes the lease, and so delivers for both.
  await using delivering = await Program.serving(['--config', config])
  await expect.poll(async () => (await fetch(`${delivering.url}/readyz`)).status).toBe(200)
  await using committing = await Program.serving(['--config', config])

  const options = { servers: [nats.url], topicPrefix: 'Test' }
  const connection = await connectNats(options)
  const consumer = { topicPrefix: 'Test', durable: 'TestReader' }
  await registerConsumer(connection, consumer)
  const stop = new AbortController()
  // The programs go when this function ends, so it ends when the test takes too long.
  const over = AbortSignal.any([stop.signal, signal])
  const first = (async () => {
    for await (const delivery of consumeOutputs(connection, consumer, over)) return delivery.payload
    return ''
  })()
  void first.finally(() => stop.abort())
  // A call is lost while the connection for it is not there yet, so there is one with each further event.
  const room = await RoomBuilder.create({ creator: '@alice:localhost', roomId: '!r:localhost' })
  for (let sent = 0; !over.aborted; await room.message('wake up')) {
    for (; sent < room.events.length; sent++) await committing.post('inputRoomEvents', inputOf(room, sent))
  }
  expect(await first).toContain('m.room.create')

  // By now the processes hear each other: an answer comes when the stream has the output, whoever delivers.
  const lastOutput = async () => {
    const info = await connection.request('$JS.API.STREAM.INFO.TestOutputRoomEvent')
    return info.json<{ readonly state: { readonly last_seq: number } }>().state.last_seq
  }
  await committing.post('inputRoomEvents', inputOf(room, room.events.length - 1))
  for (let round = 0; round < 5; round++) {
    const before = await lastOutput()
    await room.message('answered when the stream has it')
    await committing.post('inputRoomEvents', inputOf(room, room.events.length - 1))
    expect(await lastOutput()).toBe(before + 1)
  }
  await connection.close()
})

function inputOf({ events, rules }: RoomBuilder, index: number) {
  const event = events[index]
  const json = { ...(JSON.parse(event?.json ?? '{}') as object), _event_id: event?.eventId }
  return { input_room_events: [{ kind: 2, event: { ...json, _room_version: rules.version } }] }
}
