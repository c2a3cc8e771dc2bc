import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { RoomBuilder } from '@roomserver/testing'
import { beforeAll, beforeEach, expect, it } from 'vitest'
import { folder, Program, run } from './program.ts'

let room: RoomBuilder
let other: RoomBuilder
/** A store with both rooms. */
let filled: string
/** A copy of it, for one test. */
let place: string

beforeAll(async () => {
  filled = folder()
  const creator = '@alice:localhost'
  room = await RoomBuilder.create({ version: '11', creator, roomId: '!room:localhost' })
  other = await RoomBuilder.create({ version: '11', creator, roomId: '!other:localhost' })
  for (let at = 0; at < 5; at++) await room.state('m.room.topic', '', { topic: `number ${at}` })
  const file = join(filled, 'rooms.jsonl')
  writeFileSync(file, [...room.events, ...other.events].map(({ json }) => json).join('\n'))
  expect(await run('replay', '--data', filled, file)).toMatchObject({ status: 0 })
})

beforeEach(() => {
  place = folder()
  cpSync(filled, place, { recursive: true })
})

const serving = (fault = '') =>
  Program.serving(['--data', place, '--listen', '127.0.0.1:0'], { ROOMSERVER_FAULT: fault })

async function stepAt({ url }: Program): Promise<string | undefined> {
  const response = await fetch(`${url}/api/admin/v1/purges`, {
    method: 'POST',
    body: JSON.stringify({ cursor: '', limit: 0 }),
  })
  const { purges } = (await response.json()) as {
    readonly purges: readonly { readonly step: string }[]
  }
  return purges[0]?.step
}

it('deletes a room after a dry run, once its users have left', async () => {
  await using server = await serving()
  const purge = (...options: string[]) => run('purge-room', room.roomId, '--url', server.url, ...options)
  const dry = await purge()
  expect(dry).toMatchObject({ status: 0, errors: '' })
  expect(dry.text).toContain('9 events, ')
  expect(dry.text).toContain('of !room:localhost would be deleted; 1 local users are in it.')
  expect(dry.text).toContain('Nothing was changed; --apply makes the change.')
  expect(await purge('--apply')).toMatchObject({
    status: 1,
    errors: expect.stringContaining('1 users of this server are joined') as string,
  })
  const done = await purge('--leave-first', '--as', 'carol from support', '--apply')
  expect(done).toMatchObject({ status: 0, errors: '' })
  expect(done.text).toContain('!room:localhost is purged: ')
  expect(server.stdout).toContain('carol from support')
  const { text } = await run('rooms', '--url', server.url)
  expect(text).toContain('!other:localhost')
  expect(text).not.toContain('!room:localhost')
})

// The first slice holds all events, the second the states, the third memberships; the journal and outputs come behind them.
it.each([1, 3])('deletes what is left after it was killed behind slice %i', async (slice) => {
  {
    await using server = await serving(`purging:${slice}`)
    const killed = await run('purge-room', room.roomId, '--url', server.url, '--force', '--apply')
    expect(killed.status).toBe(1)
    await server.ended()
    expect(server.child.signalCode).toBe('SIGKILL')
  }
  expect(await run('check', '--recompute', '--data', place)).toMatchObject({
    status: 0,
    text: '2 rooms checked, 0 findings\n',
  })
  {
    await using server = await serving()
    await expect.poll(() => stepAt(server)).toBe('done')
    expect((await run('room', other.roomId, '--url', server.url)).status).toBe(0)
  }
  expect(await run('check', '--recompute', '--data', place)).toMatchObject({ status: 0 })
  const { text } = await run('rooms', '--json', '--data', place)
  expect(text).toContain('!other:localhost')
  expect(text).not.toContain('!room:localhost')
})
