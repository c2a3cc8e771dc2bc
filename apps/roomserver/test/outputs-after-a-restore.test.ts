import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { followOutputs } from '@roomserver/inthttp'
import { RoomBuilder } from '@roomserver/testing'
import { expect, it } from 'vitest'
import { folder, Program } from './program.ts'

const SERVER = 'localhost'

/** What a reader has at least: the positions behind one, until there are so many. */
async function read(url: string, after: number, count: number): Promise<readonly number[]> {
  const positions: number[] = []
  for await (const { position } of followOutputs(url, { after, signal: AbortSignal.timeout(100_000) }))
    if (positions.push(position) === count) break
  return positions
}

async function send(program: Program, room: RoomBuilder, from: number): Promise<void> {
  for (const { eventId, json } of room.events.slice(from)) {
    const event = { ...(JSON.parse(json) as object), _event_id: eventId, _room_version: room.rules.version }
    await program.post('inputRoomEvents', { input_room_events: [{ kind: 2, event }] })
  }
}

const serve = (data: string) => Program.serving(['--data', data, '-n', SERVER, '--listen', '127.0.0.1:0'])

it('tells a reader by position that its store was put back to an older copy, however far the new one is', async () => {
  const [data, restored] = [folder(), folder()]
  const room = await RoomBuilder.create({ creator: `@alice:${SERVER}`, roomId: `!r:${SERVER}` })
  for (let message = 0; message < 6; message++) await room.message(`${message}`)
  const copy = join(folder(), 'copy.db')
  let reached: number
  {
    await using program = await serve(data)
    await send(program, room, 0)
    await using backup = new Program(['backup', '--data', data, '-n', SERVER, copy])
    expect(await backup.ended()).toBe(0)
    for (let message = 0; message < 5; message++) await room.message(`lost ${message}`)
    await send(program, room, 10)
    reached = (await read(program.url, 0, 15)).at(-1) ?? 0
    expect(reached).toBe(15)
  }
  mkdirSync(restored, { recursive: true })
  copyFileSync(copy, join(restored, 'roomserver.db'))
  copyFileSync(join(data, 'signing-key.pem'), join(restored, 'signing-key.pem'))

  await using program = await serve(restored)
  const again = await RoomBuilder.create({ creator: `@alice:${SERVER}`, roomId: `!other:${SERVER}` })
  for (let message = 0; message < 20; message++) await again.message(`${message}`)
  await send(program, again, 0)
  // The log has more outputs than the reader had read by now, and none of them is one that it knows.
  const answer = await fetch(`${program.url}/api/roomserver/outputs?after=${reached}`)
  expect(answer.status).toBe(409)
  const { code, last } = (await answer.json()) as { readonly code: string; readonly last: number }
  expect(code).toBe('OUTPUTS_POSITION_UNKNOWN')
  // A reader that was no further than the copy goes on without a gap.
  const positions = await read(program.url, 9, 25)
  expect(positions[0]).toBe(10)
  expect(positions.at(-1)).toBe(last)
  const beyond = await fetch(`${program.url}/api/roomserver/outputs`, {
    headers: { 'last-event-id': String(last + 1) },
  })
  expect(beyond.status).toBe(409)
})

it('lets a reader by position go on over a restart', async () => {
  const data = folder()
  const room = await RoomBuilder.create({ creator: `@alice:${SERVER}`, roomId: `!r:${SERVER}` })
  {
    await using program = await serve(data)
    await send(program, room, 0)
  }
  await room.message('after the restart')
  await using program = await serve(data)
  await send(program, room, 4)
  const [before, after = 0] = await read(program.url, 3, 2)
  expect(before).toBe(4)
  expect(after).toBeGreaterThan(5)
})
