import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { RoomBuilder } from '@roomserver/testing'
import { beforeAll, beforeEach, expect, it } from 'vitest'
import { folder, Program, run } from './program.ts'

let room: RoomBuilder
/** A store with the room. */
let filled: string
/** A copy of it, for one test. */
let place: string

beforeAll(async () => {
  filled = folder()
  room = await RoomBuilder.create({ version: '11', creator: '@alice:localhost', roomId: '!room:localhost' })
  for (let at = 0; at < 10; at++) await room.state('m.room.topic', '', { topic: `number ${at}` })
  const file = join(filled, 'room.jsonl')
  writeFileSync(file, room.events.map(({ json }) => json).join('\n'))
  expect(await run('replay', '--data', filled, file)).toMatchObject({ status: 0 })
})

beforeEach(() => {
  place = folder()
  cpSync(filled, place, { recursive: true })
})

const serving = (fault = '') =>
  Program.serving(['--data', place, '--listen', '127.0.0.1:0'], { ROOMSERVER_FAULT: fault })
const purge = (url: string, ...options: string[]) =>
  run('purge-history', room.roomId, '--url', url, ...options)
const cut = () => room.events.at(-2)?.eventId ?? ''

async function stepAt({ url }: Program): Promise<string | undefined> {
  const response = await fetch(`${url}/api/admin/v1/historyPurges`, {
    method: 'POST',
    body: JSON.stringify({ cursor: '', limit: 0 }),
  })
  const { purges } = (await response.json()) as { readonly purges: readonly { readonly step: string }[] }
  return purges[0]?.step
}

it('deletes the history before an event after a dry run, and refuses ages that are none', async () => {
  await using server = await serving()
  const dry = await purge(server.url, '--before', cut())
  expect(dry).toMatchObject({ status: 0, errors: '' })
  expect(dry.text).toContain('7 events (')
  expect(dry.text).toContain('5 events before it stay, which the state or auth chains need.')
  expect(dry.text).toContain('7 of the events are of users of this server')
  expect(dry.text).toContain('Nothing was changed; --apply makes the change.')
  expect((await purge(server.url, '--older-than', '90')).errors).toContain('such as 12h, 90d or 2w')
  expect((await purge(server.url)).errors).toContain('expected either an event or an age')
  expect((await purge(server.url, '--older-than', '2w')).text).toContain('would be deleted')
  const done = await purge(server.url, '--before', cut(), '--as', 'carol from support', '--apply')
  expect(done).toMatchObject({ status: 0, errors: '' })
  expect(done.text).toContain('The history of !room:localhost is purged: 7 events')
  expect(server.stdout).toContain('carol from support')
  const gone = await run('event', room.events[6]?.eventId ?? '', '--url', server.url)
  expect(gone.errors).toContain('was purged with the history of its room')
})

it.each(['removing', 'deleting'])('goes on after it was killed while it was %s', async (point) => {
  {
    await using server = await serving(`${point}:1`)
    expect((await purge(server.url, '--before', cut(), '--apply')).status).toBe(1)
    await server.ended()
    expect(server.child.signalCode).toBe('SIGKILL')
  }
  const whole = { status: 0, text: '1 rooms checked, 0 findings\n' }
  expect(await run('check', '--recompute', '--data', place)).toMatchObject(whole)
  {
    await using server = await serving()
    await expect.poll(() => stepAt(server), { timeout: 20_000 }).toBe('done')
  }
  expect(await run('check', '--recompute', '--data', place)).toMatchObject(whole)
  const { text } = await run('room', room.roomId, '--json', '--data', place)
  expect(JSON.parse(text)).toMatchObject({ room: { events: room.events.length - 7 } })
})
