import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { BUILT, post, RoomBuilder, startTarget } from '@roomserver/testing'
import { Command } from 'commander'
import { memoryOf, startPeak } from '../federated/measure.ts'

interface Options {
  readonly cacheSize: string
  readonly messages: number
  readonly messageBytes: number
}

/** How much of messages one request holds, in bytes. */
const REQUEST_BYTES = 2_000_000
const LINES = 10

/** `conformance memory`: what our server has resident while messages fill its cache. */
export function memoryCommand(): Command {
  return new Command('memory')
    .description(
      'sends one room messages until the cache of our server is full, and prints what it has resident',
    )
    .option('--cache-size <size>', 'what the cache may take', '1gb')
    .option('--messages <count>', 'messages', Number, 44_000)
    .option('--message-bytes <count>', 'length of the body of each', Number, 50_000)
    .action(run)
}

async function run({ cacheSize, messages, messageBytes }: Options): Promise<void> {
  await using owned = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'roomserver-memory-'))
  owned.defer(() => rm(folder, { recursive: true, force: true }))
  const serverName = 'test.example'
  const database = `file:${join(folder, 'rooms.db')}`
  const server = owned.use(await startTarget({ serverName, database, cacheBytes: cacheSize }, BUILT))
  const session = connect(server.url)
  owned.defer(() => session.close())
  const room = await RoomBuilder.create({ creator: `@alice:${serverName}`, roomId: `!room:${serverName}` })
  const send = async (events: RoomBuilder['events']) => {
    const inputs = events.map(({ eventId, json, rules }) => ({
      kind: 1,
      origin: serverName,
      event: { ...(JSON.parse(json) as object), _event_id: eventId, _room_version: rules.version },
    }))
    const body = JSON.stringify({ input_room_events: inputs })
    const { status, text } = await post(session, '/api/roomserver/inputRoomEvents', body)
    if (status !== 200 || !text.includes('"ErrMsg":""')) throw new Error(`${status} ${text.slice(0, 500)}`)
  }
  await send(room.events)
  await startPeak(server.pid)
  const atOnce = Math.max(1, Math.min(50, Math.floor(REQUEST_BYTES / messageBytes)))
  for (let sent = 0, printed = 0; sent < messages; ) {
    const first = room.events.length
    for (let i = 0; i < atOnce; i++) await room.message(`${sent++} ${'x'.repeat(messageBytes)}`)
    await send(room.events.splice(first))
    if (sent < ((printed + 1) * messages) / LINES) continue
    printed++
    const { residentMiB, peakMiB } = await memoryOf(server.pid)
    console.log(`${sent} messages: resident ${residentMiB} MiB, peak ${peakMiB}`)
  }
}
