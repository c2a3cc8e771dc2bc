import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { connectNats, consumeOutputs, registerConsumer } from '@roomserver/producers'
import { createDatabase, RoomBuilder, startNats } from '@roomserver/testing'
import { describe, expect, inject, it } from 'vitest'
import { configFile, folder, Program, run } from './program.ts'

const FREE_PORT = ['--listen', '127.0.0.1:0']

async function roomInputs(room: RoomBuilder) {
  return {
    input_room_events: room.events.map(({ json, eventId }) => ({
      kind: 2,
      event: { ...(JSON.parse(json) as object), _room_version: room.rules.version, _event_id: eventId },
    })),
  }
}

describe('roomserver serve', () => {
  it('says where it listens, where data lies and what to try', async () => {
    const data = join(folder(), 'data')
    await using program = await Program.serving([...FREE_PORT, '--data', data])
    // The log goes one way and the text another: either can be here first.
    await expect.poll(() => program.stderr).toContain('stop with Ctrl-C')
    expect(program.stderr).toContain(`listens   ${program.url}`)
    expect(program.stderr).toContain(`data      ${data}/roomserver.db`)
    const curl = /curl -s (\S+) -d '(.+)'/.exec(program.stderr)
    const answer = await fetch(curl?.[1] ?? '', { method: 'POST', body: curl?.[2] ?? '' })
    expect(await answer.json()).toMatchObject({ default: '12' })
  })

  it('keeps what it has taken through TERM and through KILL', async () => {
    const data = folder()
    const room = await RoomBuilder.create({ creator: '@alice:localhost', roomId: '!r:localhost' })
    const version = { room_version: '10' }
    {
      await using program = await Program.serving([...FREE_PORT, '--data', data])
      expect(await program.post('inputRoomEvents', await roomInputs(room))).toEqual({
        ErrMsg: '',
        NotAllowed: false,
      })
      expect(await program.stop('SIGTERM')).toBe(0)
      await expect.poll(() => program.log.at(-1)?.msg).toBe('stopped')
      expect(existsSync(join(data, 'roomserver.db.lock'))).toBe(false)
    }
    {
      await using program = await Program.serving([...FREE_PORT, '--data', data])
      expect(await program.post('queryRoomVersionForRoom', { room_id: '!r:localhost' })).toEqual(version)
      await program.stop('SIGKILL')
    }
    await using program = await Program.serving([...FREE_PORT, '--data', data])
    expect(await program.post('queryRoomVersionForRoom', { room_id: '!r:localhost' })).toEqual(version)
  })

  it('lets nobody but its owner at its files and its socket, and says who can read its key', async () => {
    const files = folder()
    const config = configFile(files, {
      room_server: { database: { connection_string: `file:${join(files, 'rooms.db')}` } },
      roomserver: { unix_socket: join(files, 'api.sock') },
    })
    chmodSync(join(files, 'key.pem'), 0o640)
    const isWarned = ({ log }: Program) => log.some(({ msg }) => msg?.includes('can read the signing key'))
    {
      await using program = await Program.serving(['--config', config])
      expect(isWarned(program)).toBe(true)
      const others = ['rooms.db', 'rooms.db-wal', 'api.sock'].map((name) => [
        name,
        statSync(join(files, name)).mode & 0o077,
      ])
      expect(Object.fromEntries(others)).toEqual({ 'rooms.db': 0, 'rooms.db-wal': 0, 'api.sock': 0 })
      expect(await program.stop()).toBe(0)
    }
    chmodSync(join(files, 'key.pem'), 0o600)
    await using program = await Program.serving(['--config', config])
    expect(isWarned(program)).toBe(false)
  })

  it('changes the level of its log at a signal, and back at the next', async () => {
    await using program = await Program.serving([...FREE_PORT, '--data', folder()])
    const levels = () =>
      program.log.flatMap((line) => ('log_level' in line ? [line.log_level as string] : []))
    program.child.kill('SIGUSR2')
    await expect.poll(levels).toEqual(['debug'])
    program.child.kill('SIGUSR2')
    await expect.poll(levels).toEqual(['debug', 'info'])
    expect(await program.stop()).toBe(0)
  })

  it('serves in place of a Dendrite room server, on PostgreSQL and JetStream', async () => {
    await using database = await createDatabase(inject('postgresUrl'))
    await using nats = await startNats()
    const config = configFile(folder(), {
      global: { jetstream: { addresses: [nats.url], topic_prefix: 'Test' } },
      room_server: { database: { connection_string: database.url, max_open_conns: 1 } },
      client_api: { anything: 'goes' },
      roomserver: { warm_up: '3s' },
    })
    await using program = await Program.serving(['--config', config])
    expect(program.log.map(({ msg }) => msg)).toContain('warmed up')
    await expect.poll(async () => (await fetch(`${program.url}/readyz`)).status).toBe(200)
    const connection = await connectNats({ servers: [nats.url], topicPrefix: 'Test' })
    const consumer = { topicPrefix: 'Test', durable: 'TestReader' }
    await registerConsumer(connection, consumer)
    const room = await RoomBuilder.create({ creator: '@alice:localhost', roomId: '!r:localhost' })
    await program.post('inputRoomEvents', await roomInputs(room))
    expect(await program.stop('SIGTERM')).toBe(0)
    const ids: string[] = []
    for await (const delivery of consumeOutputs(connection, consumer, AbortSignal.timeout(100_000))) {
      const output = JSON.parse(delivery.payload) as { new_room_event?: { event: { _event_id: string } } }
      ids.push(output.new_room_event?.event._event_id ?? '')
      await delivery.ack()
      if (ids.length === room.events.length) break
    }
    expect(ids).toEqual(room.events.map(({ eventId }) => eventId))
    await connection.close()
  })
})

describe('what stops the start is said in a line, with exit status 1', () => {
  const failure = async (args: readonly string[], environment?: Readonly<Record<string, string>>) => {
    await using program = new Program(['serve', ...args], environment)
    const status = await program.ended()
    return { status, text: program.stderr.trim() }
  }

  it('a PostgreSQL that another process uses, without NATS servers', async () => {
    await using database = await createDatabase(inject('postgresUrl'))
    const environment = { ROOMSERVER_DATABASE: database.url }
    const config = configFile(folder(), {})
    {
      await using first = await Program.serving(['--config', config], environment)
      expect(first.url).not.toBe('')
      const { status, text } = await failure(['--config', config], environment)
      expect(status).toBe(1)
      expect(text).toContain('global.jetstream.addresses: expected NATS servers, because another process')
    }
    // The first one was killed, and left its lease behind.
    await using next = await Program.serving(['--config', config], environment)
    expect(next.url).not.toBe('')
  })

  it('a data folder that another process uses', async () => {
    const data = folder()
    await using first = await Program.serving([...FREE_PORT, '--data', data])
    expect(await failure([...FREE_PORT, '--data', data])).toEqual({
      status: 1,
      text: `roomserver: the database can be used by one process only: process ${first.child.pid} is using it (${data}/roomserver.db.lock)`,
    })
  })

  // Events that are built in the wrong name are refused by everybody, and stay in their rooms for good.
  it('the store of another homeserver', async () => {
    const data = folder()
    await (await Program.serving([...FREE_PORT, '--data', data, '-n', 'one.example'])).stop()
    const text =
      'roomserver: global.server_name (--server-name): expected one.example, whose store this is, not localhost; the name of a homeserver cannot be changed'
    expect(await failure([...FREE_PORT, '--data', data])).toEqual({ status: 1, text })
    const checked = await run('check', '--data', data, '-n', 'localhost')
    expect(checked).toMatchObject({ status: 1, errors: `${text}\n` })
    // Who only looks after a store need not repeat its name.
    expect(await run('check', '--data', data)).toMatchObject({ status: 0 })
  })

  it('a configuration file together with what only the embedded form knows', async () => {
    for (const option of [
      ['--data', 'x'],
      ['--listen', '127.0.0.1:0'],
      ['-n', 'b.example'],
    ]) {
      const { status, text } = await failure(['--config', 'dendrite.yaml', ...option])
      expect(status).toBe(1)
      expect(text).toContain('cannot be used with option')
    }
  })

  it('an address in use', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const address = other.address()
    const port = typeof address === 'object' ? address?.port : 0
    const refusal = {
      status: 1,
      text: `roomserver: 127.0.0.1:${port} is in use by another program; stop that program, or set another address (room_server.internal_api.listen, or --listen)`,
    }
    expect(await failure(['--listen', `127.0.0.1:${port}`])).toEqual(refusal)
    // It is noticed before the database is opened, or migrated.
    const config = configFile(folder(), {
      room_server: {
        internal_api: { listen: `http://127.0.0.1:${port}` },
        database: { connection_string: 'postgresql://nobody:nothing@127.0.0.1:1/rooms' },
      },
    })
    expect(await failure(['--config', config])).toEqual(refusal)
    other.close()
  })

  it('a mistake in the configuration', async () => {
    const config = join(folder(), 'dendrite.yaml')
    writeFileSync(config, 'version: 2\nglobal:\n  server_name: not a name\n')
    expect(await failure(['--config', config])).toEqual({
      status: 1,
      text: `roomserver: ${config}:3: global.server_name: expected a server name such as example.org or localhost:8448`,
    })
  })

  it('a configuration that is not there', async () => {
    const { status, text } = await failure(['--config', '/nowhere.yaml'])
    expect(status).toBe(1)
    expect(text).toMatch(/^roomserver: cannot read \/nowhere.yaml: .*no such file/)
  })

  it('a secret that is none', async () => {
    expect(await failure(FREE_PORT, { ROOMSERVER_TOKEN: 'abc' })).toEqual({
      status: 1,
      text: 'roomserver: environment variable ROOMSERVER_TOKEN: expected a token of at least 16 letters, digits or -._~+/',
    })
  })

  it('a Node.js without the SQLite that the program needs', () => {
    const older = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.20.2' } })`
    const entry = join(import.meta.dirname, '../src/index.ts')
    const { status, stderr } = spawnSync(
      process.execPath,
      ['--conditions=@roomserver/source', '--import', `data:text/javascript,${older}`, entry, '--help'],
      { encoding: 'utf8' },
    )
    expect(status).toBe(1)
    expect(stderr).toMatch(
      /^roomserver: needs Node.js 24 or later, and this is .*node_modules\/.bin\/node.*\n$/,
    )
  })

  it('an option that nobody knows', async () => {
    const { status, text } = await failure(['--port', '1'])
    expect(status).toBe(1)
    expect(text).toContain("unknown option '--port'")
  })
})

it('is copied while it serves, and the copy serves', async () => {
  const data = folder()
  const copy = folder()
  const room = await RoomBuilder.create({ creator: '@alice:localhost', roomId: '!r:localhost' })
  await using program = await Program.serving([...FREE_PORT, '--data', data])
  await program.post('inputRoomEvents', await roomInputs(room))
  await using backup = new Program(['backup', '--data', data, join(copy, 'roomserver.db')])
  expect(await backup.ended()).toBe(0)
  copyFileSync(join(data, 'signing-key.pem'), join(copy, 'signing-key.pem'))
  await using restored = await Program.serving([...FREE_PORT, '--data', copy])
  expect(await restored.post('queryRoomVersionForRoom', { room_id: '!r:localhost' })).toEqual({
    room_version: '10',
  })
})
