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

it.each([',', ',@bob:localhost', ''])('explains no entry without an event type: --key %j', async (key) => {
  const { status, text, errors } = await ask('explain', room.roomId, '--key', key)
  expect({ status, text }).toEqual({ status: 1, text: '' })
  expect(errors).toContain('Expected an event type')
})

it.each(['1e999', '[-1e400]', '9007199254740993'])(
  'sends no number that it would change: %s',
  async (number) => {
    const content = `{"topic":"x","a":${number}}`
    const answer = await ask(
      'send',
      room.roomId,
      '@alice:localhost',
      'm.room.topic',
      content,
      '--state-key',
      '',
    )
    expect(answer).toMatchObject({ status: 1, text: '' })
    expect(answer.errors).toContain('content: expected a JSON object, with integers between')
  },
)

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

it('exports into nothing that is not an export of the room', async () => {
  const whole = join(place, 'whole-again.jsonl')
  await ask('export', room.roomId, '--out', whole)
  const text = readFileSync(whole, 'utf8')
  const [first = ''] = text.split('\n')
  const refusal = 'expected a new file, or an export of this room to go on with'
  const others = {
    'a-key.pem': '-----BEGIN MATRIX PRIVATE KEY-----\nKey-ID: ed25519:auto\n',
    'a-token': 'correct-horse-battery',
    'an-object.json': '{"a":1}',
    'another-room.jsonl': `${first.replace(/"_event_id":".*"/, '"_event_id":"$elsewhere"')}\n`,
    'of-windows.jsonl': text.replaceAll('\n', '\r\n'),
    'more-than-there-is.jsonl': `${text}{"a":1}`,
  }
  for (const [name, content] of Object.entries(others)) {
    const file = join(place, name)
    writeFileSync(file, content)
    const { errors, status } = await ask('export', room.roomId, '--out', file)
    expect({ errors, status }, name).toEqual({ errors: `roomserver: ${file}: ${refusal}\n`, status: 1 })
    expect(readFileSync(file, 'utf8'), name).toBe(content)
  }
  const scenario = await ask('export', room.roomId, '--tardis', '--out', join(place, 'a-token'))
  expect(scenario).toMatchObject({
    status: 1,
    errors: `roomserver: ${join(place, 'a-token')} exists already\n`,
  })
})

it.each(['', 'x', 'https://127.0.0.1:1', 'ftp://x'])('asks no server at %j', async (url) => {
  for (const command of [['rooms'], ['repair'], ['block', room.roomId]]) {
    const { errors, status } = await run(...command, '--url', url)
    expect(status).toBe(1)
    expect(errors).toContain('Expected http://host:port, or unix:/path/of/socket.')
  }
})

it('takes no empty path, which the shell makes of a variable that is not set', async () => {
  const commands = [
    ['backup', '', '--data', place],
    ['key', 'create', ''],
    ['serve', '--data', ''],
    ['check', '--config', ''],
    ['export', room.roomId, '--out', '', '--url', server.url],
  ]
  for (const command of commands) {
    const { errors, status } = await run(...command)
    expect(status).toBe(1)
    expect(errors).toContain('Expected a path, and not an empty text.')
  }
})

it.runIf(process.platform === 'linux')('refuses a folder of data where none can be made', async () => {
  const { errors, status } = await run('serve', '--data', '/proc/none/data')
  expect(status).toBe(1)
  expect(errors).toContain('--data: expected a folder, or a path where one can be made')
})

it('says that no server answers', async () => {
  const { errors, status } = await run('rooms', '--url', 'http://127.0.0.1:1')
  expect(status).toBe(1)
  expect(errors).toBe('roomserver: roomserver failed rooms: connect ECONNREFUSED 127.0.0.1:1\n')
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
