import { appendFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { RoomBuilder } from '@roomserver/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { configFile, folder, Program, run } from './program.ts'

let server: Program
let room: RoomBuilder
let place: string

beforeAll(async () => {
  place = folder()
  room = await RoomBuilder.create({ version: '11', creator: '@alice:localhost', roomId: '!room:localhost' })
  await room.join('@bob:localhost')
  const file = join(place, 'room.jsonl')
  writeFileSync(file, room.events.map(({ json }) => json).join('\n'))
  expect(await run('replay', '--data', place, file)).toMatchObject({ status: 0 })
  server = await Program.serving(['--data', place, '--listen', '127.0.0.1:0'])
})

afterAll(() => server.stop())

const ask = (...command: readonly string[]) => run(...command, '--url', server.url)

it('makes a user admin after a dry run, and writes who ordered it to the audit log', async () => {
  const command = ['make-admin', room.roomId, '@bob:localhost', '--as', 'carol from support'] as const
  const dry = await ask(...command)
  expect(dry).toMatchObject({ status: 0, errors: '' })
  expect(dry.text).toContain('@alice:localhost would raise the power level of @bob:localhost from 0 to 100')
  expect((await ask('members', room.roomId)).text).toMatch(/@bob:localhost +join +0/)
  expect(await ask(...command, '--apply')).toMatchObject({ status: 0 })
  expect((await ask('members', room.roomId)).text).toMatch(/@bob:localhost +join +100/)
  await expect.poll(() => server.stdout).toContain('"audit":"makeRoomAdmin"')
  expect(server.stdout).toContain('carol from support')
})

it('blocks a room after a dry run, and takes its events again', async () => {
  const topic = [
    'send',
    room.roomId,
    '@alice:localhost',
    'm.room.topic',
    '{"topic":"x"}',
    '--state-key',
    '',
    '--apply',
  ]
  expect((await ask('block', room.roomId, '--reason', 'spam')).text).toContain(
    'would be blocked; 2 local users',
  )
  expect(await ask(...topic)).toMatchObject({ status: 0 })
  expect((await ask('block', room.roomId, '--reason', 'spam', '--apply')).text).toContain('is blocked')
  expect((await ask('room', room.roomId)).text).toContain('An operator blocked it')
  expect((await ask(...topic)).errors).toContain('blocked')
  expect(await ask('unblock', room.roomId, '--apply')).toMatchObject({ status: 0 })
  expect(await ask(...topic)).toMatchObject({ status: 0 })
})

it('answers alike from a running server and from the store that it uses', async () => {
  const asked = ['history', room.roomId, 'm.room.join_rules', '--json'] as const
  const answer = await ask(...asked)
  expect(answer.status).toBe(0)
  expect(await run(...asked, '--data', place)).toEqual(answer)
  expect((await ask('explain', '$none')).errors).toBe('roomserver: event "$none" is not known here\n')
})

it('shows events and changes of a room as they come', async () => {
  await using watching = new Program(['watch', room.roomId, '--url', server.url])
  // It has looked at what there was by then.
  await expect.poll(() => watching.stderr).toContain('Watching')
  const send = ['send', room.roomId, '@alice:localhost', 'm.room.topic', '{"topic":"new"}'] as const
  await ask(...send, '--state-key', '', '--apply')
  await expect.poll(() => watching.stdout).toContain('The topic')
  expect(watching.hasEnded, watching.stderr).toBe(false)
  expect(watching.stdout).toMatch(/accepted, extremity +m\.room\.topic +@alice:localhost/)
})

it('goes on with an export that was interrupted in the middle of a line', async () => {
  const whole = join(place, 'whole.jsonl')
  const cut = join(place, 'cut.jsonl')
  expect(await ask('export', room.roomId, '--out', whole)).toMatchObject({ status: 0 })
  const text = readFileSync(whole, 'utf8')
  appendFileSync(cut, text)
  truncateSync(cut, Math.floor(text.length / 2))
  expect(await ask('export', room.roomId, '--out', cut)).toMatchObject({ status: 0 })
  expect(readFileSync(cut, 'utf8')).toBe(text)
})

it('says that no server answers', async () => {
  const { errors, status } = await run('rooms', '--url', 'http://127.0.0.1:1')
  expect(status).toBe(1)
  expect(errors).toContain('roomserver: ')
})

it('changes nothing of a server that does not allow it, and looks nowhere that is closed', async () => {
  const files = folder()
  const config = configFile(files, {
    room_server: {
      internal_api: { listen: 'http://127.0.0.1:0' },
      database: { connection_string: `file:${join(files, 'store.db')}` },
    },
    roomserver: { warm_up: '0s', inspection: { enabled: false }, administration: { enabled: false } },
  })
  await using closed = await Program.serving(['--config', config])
  for (const command of [['rooms'], ['unblock', room.roomId, '--apply']]) {
    const { errors, status } = await run(...command, '--url', closed.url)
    expect(status).toBe(1)
    expect(errors).toContain('404')
  }
})
