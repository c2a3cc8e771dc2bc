import { formatSigningKey, parseSigningKey, refuseUnsafeKey } from '@roomserver/engine'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isFailure } from '@roomserver/types'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { loadConfig, parseConfig } from './load.ts'
import { ownSection } from './own-section.ts'
import { globalSection } from './sections.ts'

const folder = mkdtempSync(join(tmpdir(), 'config-'))
const keyFile = join(folder, 'matrix_key.pem')
writeFileSync(join(folder, 'no-key'), '')
writeFileSync(keyFile, formatSigningKey({ keyId: 'ed25519:auto', seed: new Uint8Array(32).fill(7) }))

const SAMPLE = `version: 2
global:
  server_name: example.org
  private_key: ${keyFile}
  dns_cache:
    enabled: false
  cache:
    max_size_estimated: 128mb
  jetstream:
    addresses:
      - nats://127.0.0.1:4222
    topic_prefix: Test
room_server:
  internal_api:
    listen: http://127.0.0.1:17170
    connect: http://127.0.0.1:17170
  database:
    connection_string: postgresql://matrix@localhost/roomserver?sslmode=disable
    max_open_conns: 90
federation_api:
  send_max_retries: 16
  internal_api:
    listen: http://127.0.0.1:17172
    connect: http://127.0.0.1:17172
media_api:
  whatever: [it, holds]
`
const parse = (text: string, environment = {}) => parseConfig(text, 'dendrite.yaml', environment)

/** The paths of all keys of a section, those of sections within it too. */
function keysOf(part: unknown, above: readonly string[] = []): readonly (readonly string[])[] {
  if (part instanceof z.ZodPrefault || part instanceof z.ZodOptional || part instanceof z.ZodDefault)
    return keysOf(part.unwrap(), above)
  const own = above.length > 0 ? [above] : []
  if (!(part instanceof z.ZodObject)) return own
  return [...own, ...Object.entries(part.shape).flatMap(([key, inner]) => keysOf(inner, [...above, key]))]
}

/** The sentence with which a text is refused. */
function refusal(text: string, environment = {}): string {
  try {
    parse(text, environment)
  } catch (error) {
    if (isFailure(error, 'BAD_CONFIGURATION')) return error.message
    throw error
  }
  return 'accepted'
}

describe('a dendrite.yaml', () => {
  it('gives what a room server needs', () => {
    expect(parse(SAMPLE)).toMatchObject({
      serverName: 'example.org',
      signingKey: { keyId: 'ed25519:auto' },
      database: { kind: 'postgres', maxConnections: 90, maxLifetimeSeconds: undefined },
      output: { kind: 'jetstream', servers: ['nats://127.0.0.1:4222'], topicPrefix: 'Test' },
      listen: { kind: 'tcp', host: '127.0.0.1', port: 17170 },
      components: { federation: 'http://127.0.0.1:17172' },
      cacheBytes: 134_217_728,
      logLevel: 'info',
      settings: { compatibility: 'dendrite-2022', http: { max_body: 134_217_728 } },
    })
  })

  it('is frozen once it is read', () => {
    const config = parse(SAMPLE)
    expect(() => Object.assign(config.settings.http, { max_body: 1 })).toThrow(TypeError)
  })

  it('calls no federation component where federation is off', () => {
    const text = SAMPLE.replace('  dns_cache:', '  disable_federation: true\n  dns_cache:')
    expect(parse(text).components.federation).toBeUndefined()
  })

  it('keeps outputs in the database where no NATS server is named', () => {
    const text = SAMPLE.replace(/ {4}addresses:\n.*\n/, '')
    expect(parse(text).output).toEqual({ kind: 'embedded' })
  })

  it('takes the database of all components where the room server has none', () => {
    const text = SAMPLE.replace(/ {2}database:\n.*\n.*\n/, '').replace(
      '  cache:',
      '  database:\n    connection_string: file:all.db\n  cache:',
    )
    expect(parse(text).database).toMatchObject({ kind: 'sqlite', file: join(process.cwd(), 'all.db') })
  })
})

it.each([
  [
    'a wrong type',
    ['server_name: example.org', 'server_name: 7'],
    '3: global.server_name: expected a server name such as example.org or localhost:8448',
  ],
  [
    'a name that is none',
    ['server_name: example.org', 'server_name: "a b"'],
    '3: global.server_name: expected a server name such as example.org or localhost:8448',
  ],
  [
    'a missing key',
    ['  server_name: example.org\n', ''],
    '2: global.server_name: expected a server name such as example.org or localhost:8448',
  ],
  [
    'a size that is none',
    ['128mb', 'plenty'],
    '8: global.cache.max_size_estimated: expected a size such as 128mb or 1gb',
  ],
  [
    'an unknown key of ours',
    ['max_open_conns', 'max_connections'],
    '19: room_server.database.max_connections: unknown key; expected one of connection_string, max_open_conns, max_idle_conns, conn_max_lifetime',
  ],
  [
    'an unknown key in a list of sections',
    ['media_api:', 'logging:\n  - type: std\n    level: info\n    leveel: 1\nmedia_api:'],
    '28: logging.0.leveel: unknown key; expected one of type, level, params',
  ],
  [
    'a number out of bounds',
    ['max_open_conns: 90', 'max_open_conns: 90000'],
    '19: room_server.database.max_open_conns: expected a whole number from -1 to 10,000',
  ],
  [
    'a misspelt key among those of others',
    ['private_key', 'private_kye'],
    '4: global.private_kye: unknown key; expected private_key',
  ],
  [
    'a misspelt key that has to be there',
    ['server_name', 'server_nam'],
    '3: global.server_nam: unknown key; expected server_name',
  ],
  [
    'a misspelt key in the section of another component',
    ['  send_max_retries: 16\n  internal_api:', '  send_max_retries: 16\n  internal_apis:'],
    '22: federation_api.internal_apis: unknown key; expected internal_api',
  ],
  [
    'a misspelt key in a list of sections, which has to be there',
    ['  dns_cache:', '  old_private_keys:\n    - private_ky: old.pem\n      expired_at: 1\n  dns_cache:'],
    '6: global.old_private_keys.0.private_ky: unknown key; expected one of private_key, expired_at',
  ],
  [
    'a key that is not there',
    [`private_key: ${keyFile}`, 'private_key: missing.pem'],
    "4: global.private_key: signing key missing.pem: expected a readable file (ENOENT: no such file or directory, open 'missing.pem')",
  ],
  [
    'an old key that is none',
    [
      '  dns_cache:',
      `  old_private_keys:\n    - private_key: ${join(folder, 'no-key')}\n      expired_at: 1\n  dns_cache:`,
    ],
    `6: global.old_private_keys.0.private_key: signing key ${join(folder, 'no-key')}: expected a PEM block MATRIX PRIVATE KEY`,
  ],
  [
    'a misspelt section',
    ['room_server:', 'room_sever:'],
    '13: room_sever: unknown key; expected room_server',
  ],
  [
    'an address that is none',
    ['connect: http://127.0.0.1:17172', 'connect: localhost:17172'],
    '24: federation_api.internal_api.connect: expected an address such as http://localhost:7770',
  ],
  [
    'a scalar in place of a section',
    ['    topic_prefix: Test', '    topic_prefix: a.b'],
    '12: global.jetstream.topic_prefix: expected a prefix of letters, digits, - and _',
  ],
  [
    'a duration that no timer can wait',
    ['media_api:', 'roomserver:\n  http:\n    request_timeout: 1000h\nmedia_api:'],
    '27: roomserver.http.request_timeout: expected a duration of at most 596h',
  ],
  [
    'a token with a space, which no caller could send',
    ['media_api:', 'roomserver:\n  token: correct horse battery staple\nmedia_api:'],
    '26: roomserver.token: expected a token of at least 16 letters, digits or -._~+/',
  ],
  [
    'a password that ends the connection string',
    ['matrix@localhost', 'matrix:p/w@localhost'],
    '18: room_server.database.connection_string: expected postgresql://user:password@host:port/database, with /, #, ?, @ and % in user and password written as %2F, %23, %3F, %40 and %25; several servers as host1:port,host2:port, with target_session_attrs=read-write',
  ],
  [
    'a password that looks like a port',
    ['matrix@localhost', 'matrix:5432/w@localhost'],
    '18: room_server.database.connection_string: expected postgresql://user:password@host:port/database, with /, #, ?, @ and % in user and password written as %2F, %23, %3F, %40 and %25; several servers as host1:port,host2:port, with target_session_attrs=read-write',
  ],
  [
    'a password with a # in it',
    ['matrix@localhost', 'matrix:54#w@localhost'],
    '18: room_server.database.connection_string: expected postgresql://user:password@host:port/database, with /, #, ?, @ and % in user and password written as %2F, %23, %3F, %40 and %25; several servers as host1:port,host2:port, with target_session_attrs=read-write',
  ],
  [
    'a port that is none',
    ['connect: http://127.0.0.1:17172', 'connect: http://127.0.0.1:99999'],
    '24: federation_api.internal_api.connect: expected an address such as http://localhost:7770',
  ],
  [
    'an alias inside what it repeats',
    ['media_api:', 'media_api: &all\n  again: *all\nother:'],
    '1: expected valid YAML: an alias stands inside what it repeats',
  ],
  [
    'an alias of nothing, without its name, which may be a token that begins with *',
    ['media_api:', 'roomserver:\n  token: *correct-horse-battery\nmedia_api:'],
    '26: expected valid YAML: no anchor has the name of this alias; put a value that begins with * in quotes',
  ],
  [
    'a tag, which would pass for the value',
    [`private_key: ${keyFile}`, 'private_key: !include key.pem'],
    '4: expected valid YAML: tags such as !include or !env mean nothing here; write the value itself',
  ],
  [
    'a NUL, at which a path ends for the operating system',
    ['media_api:', 'roomserver:\n  unix_socket: "\\0rooms"\nmedia_api:'],
    '26: expected valid YAML: a value with a NUL character (\\0) in it cannot be used',
  ],
  [
    'a token without a value, which would let everybody in',
    ['media_api:', 'roomserver:\n  token: &correct-horse-battery\nmedia_api:'],
    '26: roomserver.token: expected a token of at least 16 letters, digits or -._~+/',
  ],
  [
    'a socket without a path, which would be a port',
    ['media_api:', 'roomserver:\n  unix_socket:\nmedia_api:'],
    '26: roomserver.unix_socket: expected a path',
  ],
  [
    'metrics with a user name only, which everybody could read',
    ['  dns_cache:', '  metrics:\n    enabled: true\n    basic_auth:\n      username: metrics\n  dns_cache:'],
    '7: global.metrics.basic_auth.password: expected a password beside the username, here or in ROOMSERVER_METRICS_PASSWORD',
  ],
  [
    'metrics with a password only',
    ['  dns_cache:', '  metrics:\n    enabled: true\n    basic_auth:\n      password: secret\n  dns_cache:'],
    '7: global.metrics.basic_auth.username: expected a username beside the password',
  ],
  [
    'TLS, which the program does not serve',
    ['listen: http://127.0.0.1:17170', 'listen: https://127.0.0.1:17170'],
    '15: room_server.internal_api.listen: expected an address such as http://localhost:7770; TLS is left to a proxy',
  ],
  [
    'TLS of a component that is called',
    ['connect: http://127.0.0.1:17172', 'connect: https://127.0.0.1:17172'],
    '24: federation_api.internal_api.connect: expected an address such as http://localhost:7770; TLS is left to a proxy',
  ],
  [
    'an unknown key beside an address to listen on',
    ['    listen: http://127.0.0.1:17170', '    lisen: http://127.0.0.1:17170'],
    '15: room_server.internal_api.lisen: unknown key; expected one of listen, connect',
  ],
  [
    'a URL in place of the name of a host',
    ['media_api:', 'roomserver:\n  http:\n    hosts: [rooms.internal, "http://rooms"]\nmedia_api:'],
    '27: roomserver.http.hosts.1: expected the name of a host, without scheme and port',
  ],
  [
    'one host where a list is expected',
    ['media_api:', 'roomserver:\n  http:\n    hosts: rooms.internal\nmedia_api:'],
    '27: roomserver.http.hosts: expected a list of names of hosts',
  ],
  [
    'a size whose unit was forgotten',
    ['media_api:', 'roomserver:\n  http:\n    max_body: 128\nmedia_api:'],
    '27: roomserver.http.max_body: expected a size such as 128mb or 1gb, at least 1kb',
  ],
  [
    'a time to wait for policy servers that no timer can wait, after which all would be unreachable',
    ['media_api:', 'roomserver:\n  policy_servers:\n    timeout: 1000h\nmedia_api:'],
    '27: roomserver.policy_servers.timeout: expected a duration of at most 596h',
  ],
  [
    'a misspelt parameter of the connection string',
    ['?sslmode=disable', '?sslmodee=require'],
    '18: room_server.database.connection_string: expected no parameter "sslmodee" in the connection string; settings of a session go into options, as -c%20NAME%3DVALUE',
  ],
  ['another version', ['version: 2', 'version: 1'], '1: version: expected version: 2'],
  [
    'a setting of ours',
    ['media_api:', 'roomserver:\n  http:\n    max_body: 0\nmedia_api:'],
    '27: roomserver.http.max_body: expected a size such as 128mb or 1gb, above 0',
  ],
])('names key, line and what was expected: %s', (_what, [from, to], sentence) => {
  expect(refusal(SAMPLE.replace(String(from), String(to)))).toBe(`dendrite.yaml:${sentence}`)
})

it('takes an empty connection string for none, as the configuration generator of Dendrite writes it', () => {
  const text = SAMPLE.replace('  cache:', '  database:\n    connection_string: ""\n  cache:')
  expect(parse(text).database).toMatchObject({ kind: 'postgres', maxConnections: 90 })
  const none = text.replace(/connection_string: postgres.*/, 'connection_string: ""')
  expect(refusal(none)).toContain('room_server.database.connection_string: expected postgresql://… or file:…')
})

it('knows which logs it does not write', () => {
  const text = SAMPLE.replace(
    'media_api:',
    'logging:\n  - type: std\n    level: warn\n  - type: file\n    level: debug\n    params: { path: ./logs }\nmedia_api:',
  )
  expect(parse(text)).toMatchObject({ logLevel: 'debug', unusedLogs: ['file'] })
})

it('reads no file that is too large for a configuration', () => {
  const file = join(folder, 'large.yaml')
  writeFileSync(file, `${SAMPLE}# ${'x'.repeat(1024 * 1024)}\n`)
  expect(() => loadConfig(file, {})).toThrow(
    /large\.yaml: expected a file of at most 1048576 bytes, not 10\d+/,
  )
})

it('reads no file in another encoding, which would change a password without a word', () => {
  const file = join(folder, 'latin1.yaml')
  writeFileSync(file, Buffer.from(SAMPLE.replace('matrix@', 'matrix:pässwort@'), 'latin1'))
  expect(() => loadConfig(file, {})).toThrow(`${file}: expected a text in UTF-8`)
  writeFileSync(file, `\uFEFF${SAMPLE.replace('matrix@', 'matrix:pässwort@').replaceAll('\n', '\r\n')}`)
  expect(loadConfig(file, {}).database).toMatchObject({ url: expect.stringContaining('matrix:pässwort@') })
})

it.each([
  ['file:rooms.db', true],
  ['file:///var/lib/rooms.db?mode=rwc', true],
  ['file::memory:', true],
  ['file:./.rooms', true],
  ['file://rooms.db', false],
  ['file:/', false],
  ['file:..', false],
  ['file:data/', false],
  ['file:?mode=memory', false],
])('knows whether %s is a file', (connectionString, isFile) => {
  const text = SAMPLE.replace(/connection_string: .*/, `connection_string: "${connectionString}"`)
  expect(refusal(text)).toBe(
    isFile
      ? 'accepted'
      : 'dendrite.yaml:18: room_server.database.connection_string: expected the path of a file, as file:name.db, file:/path/name.db or file:///path/name.db',
  )
})

it('reads merge keys as the other components do', () => {
  const text = SAMPLE.replace('version: 2', 'x: &x\n  disable_federation: true\nversion: 2').replace(
    '  dns_cache:',
    '  <<: *x\n  dns_cache:',
  )
  expect(parse(text).components.federation).toBeUndefined()
})

it('counts times in whole milliseconds, of which the shortest is not "never"', () => {
  const text = `${SAMPLE}roomserver:\n  slow_after: 1us\n  http:\n    request_timeout: 1.5ms\n`
  expect(parse(text).settings).toMatchObject({ slow_after: 1, http: { request_timeout: 2 } })
})

it('has a sentence of its own for every value of a wrong type', () => {
  for (const [name, part] of Object.entries({ global: globalSection, roomserver: ownSection })) {
    for (const path of keysOf(part)) {
      const value = path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), Symbol('wrong'))
      const { error } = part.safeParse(value)
      const found = error?.issues.find((issue) => issue.path.join('.') === path.join('.'))
      expect(found?.message, `${name}.${path.join('.')}`).not.toMatch(/^$|Invalid input/)
    }
  }
})

it.each(['[]', '{}'])('names sections inside one another without end: %s', ([open = '', close = '']) => {
  const text = `whatever: ${open.replace('{', '{a: ').repeat(5000)}${close.repeat(5000)}\n${SAMPLE}`
  expect(refusal(text)).toContain('expected valid YAML: the sections are nested too deeply')
})

// The library compares each key with every other: twenty thousand took 8 s, and these would take longer than a test may.
it('reads a file of a hundred thousand keys', () => {
  const keys = Array.from({ length: 100_000 }, (_, index) => `k${index}:`)
  expect(() => parse(`${SAMPLE}\nother:\n ${keys.join('\n ')}\n`)).not.toThrow()
})

it.each(['a: {b: 1, c: 2, b: 3}', 'a:\n - b: 1\n   b: 2', 'a: 1\nb: 2\na: 3', '"a": 1\na: 2', '1: a\n1: b'])(
  'refuses a key that stands twice: %j',
  (text) => {
    expect(refusal(`${text}\n${SAMPLE}`)).toMatch(
      /^dendrite.yaml:\d: expected valid YAML: Map keys must be unique/,
    )
  },
)

it('names the line of broken YAML', () => {
  expect(refusal('version: 2\nglobal: [1,\n')).toMatch(/^dendrite.yaml:\d: .*valid YAML/)
})

it('reads a key without a value as if it was not there', () => {
  const text = SAMPLE.replace(/ {4}addresses:\n.*\n/, '    addresses:\n      # - nats://elsewhere\n')
  expect(parse(text).output).toEqual({ kind: 'embedded' })
})

describe('secrets from the environment', () => {
  it('are not passed over because their name is misspelt', () => {
    expect(refusal(SAMPLE, { ROOMSERVER_DATABSE: 'postgresql://secret@db/rooms' })).toBe(
      'environment variable ROOMSERVER_DATABSE: unknown; expected ROOMSERVER_DATABASE',
    )
    // What others set, such as Kubernetes for a service of that name, is nothing of ours.
    expect(refusal(SAMPLE, { ROOMSERVER_PORT: 'tcp://10.0.0.1:7770', ROOMSERVER_FAULT: '' })).toBe('accepted')
  })

  it('go before the file', () => {
    const pem = formatSigningKey({ keyId: 'ed25519:env', seed: new Uint8Array(32).fill(9) })
    const config = parse(SAMPLE, {
      ROOMSERVER_DATABASE: 'postgresql://secret@db/rooms',
      ROOMSERVER_TOKEN: 'correct-horse-battery',
      ROOMSERVER_PRIVATE_KEY: pem,
    })
    expect(config.database).toMatchObject({ url: 'postgresql://secret@db/rooms', maxConnections: 90 })
    expect(config.settings.token).toBe('correct-horse-battery')
    expect(config.signingKey.keyId).toBe('ed25519:env')
  })

  it('are never repeated in an error', () => {
    expect(refusal(SAMPLE, { ROOMSERVER_TOKEN: 'short' })).toBe(
      'environment variable ROOMSERVER_TOKEN: expected a token of at least 16 letters, digits or -._~+/',
    )
  })
})

describe('a signing key', () => {
  // Some servers were set up with the one that a random generator with a fixed seed makes: anybody can sign as they do.
  it('of ELEMENTSEC-2025-1670 does not start a server', () => {
    const known = 'l/O9hxMVKB6Lg+3Hqf0FQQZhVESQcMzbPN1Cz2nM3og='
    expect(() => refuseUnsafeKey(known, 'matrix_key.pem')).toThrow(/matrix_key.pem: expected another key/)
    expect(() => refuseUnsafeKey('XGX0JRS2Af3be3knz2fBiRbApjm2Dh61gXDJA8kcJNI', 'x')).not.toThrow()
  })

  it('survives being written and read', () => {
    expect(parseSigningKey(readFileSync(keyFile, 'utf8'), 'here').seed).toEqual(new Uint8Array(32).fill(7))
  })

  it.each([
    ['', 'a PEM block MATRIX PRIVATE KEY'],
    [
      '-----BEGIN MATRIX PRIVATE KEY-----\n\nAAAA\n-----END MATRIX PRIVATE KEY-----',
      'a PEM header "Key-ID: ed25519:name"',
    ],
    [
      '-----BEGIN MATRIX PRIVATE KEY-----\nKey-ID: rsa:1\n\nAAAA\n-----END MATRIX PRIVATE KEY-----',
      'a key ID such as ed25519:auto',
    ],
    [
      // A seed that slipped into the header is a secret, and the error goes into logs.
      '-----BEGIN MATRIX PRIVATE KEY-----\nKey-ID: c2VjcmV0c2VjcmV0\n\nAAAA\n-----END MATRIX PRIVATE KEY-----',
      'here: expected a key ID such as ed25519:auto (letters, digits and _) in the header Key-ID',
    ],
    [
      '-----BEGIN MATRIX PRIVATE KEY-----\nKey-ID: ed25519:1\n\nAAAA\n-----END MATRIX PRIVATE KEY-----',
      'a seed of 32 bytes, not 3',
    ],
  ])('refuses %j', (pem, expected) => {
    expect(() => parseSigningKey(pem, 'here')).toThrow(expected)
  })
})
