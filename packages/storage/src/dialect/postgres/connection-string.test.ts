import { expect, it } from 'vitest'
import { connectionStringFault, parseConnectionString } from './connection-string.ts'

const servers = (text: string) => parseConnectionString(text)?.name

it.each([
  ['one server', 'postgresql://u:p@db:5433/rooms', 'db:5433'],
  ['no port', 'postgres://u@db/rooms', 'db:5432'],
  ['nothing but a scheme', 'postgresql:///rooms', 'localhost:5432'],
  ['several servers', 'postgresql://u:p@a,b:5433,[::1]:5434/rooms', 'a:5432,b:5433,[::1]:5434'],
  ['a list behind the question mark', 'postgresql://u:p@/rooms?host=a,b&port=5433,5434', 'a:5433,b:5434'],
  ['one port for all', 'postgresql://u:p@/rooms?host=a,b&port=6432', 'a:6432,b:6432'],
  ['a folder of sockets', 'postgresql://u@/rooms?host=/var/run/postgresql', '/var/run/postgresql:5432'],
  ['an encoded folder', 'postgresql://u@%2Fvar%2Frun/rooms', '/var/run:5432'],
])('knows the servers of a connection string: %s', (_what, text, expected) => {
  expect(servers(text)).toBe(expected)
})

it.each([
  ['a slash in the password', 'postgresql://u:a/b@db/rooms'],
  ['a hash in the password', 'postgresql://u:a#b@db/rooms'],
  ['a question mark in the password', 'postgresql://u:a?b@db/rooms'],
  ['an at sign in the password', 'postgresql://u:a@b@db/rooms'],
  ['a per cent sign in the password', 'postgresql://u:a%b@db/rooms'],
  ['a port that there is not', 'postgresql://u:p@a:99999/rooms'],
  ['a port that there is not, before one in the list', 'postgresql://u:p@a:99999/rooms?port=5432'],
  ['a port in the list that there is not', 'postgresql://u:p@a,b/rooms?port=5432,99999'],
  ['two slashes', 'postgresql://u:p@a//rooms'],
  ['a wish that is not supported', 'postgresql://u:p@a,b/rooms?target_session_attrs=prefer-standby'],
  ['another database', 'mysql://u:p@a/rooms'],
])('does not guess: %s', (_what, text) => {
  expect(parseConnectionString(text)).toBeUndefined()
})

it.each([
  ['sslmode=require', 'sslmode=verify-full'],
  ['sslmode=disable', 'sslmode=disable'],
  ['sslmode=require&uselibpqcompat=true', 'sslmode=require&uselibpqcompat=true'],
])('verifies certificates unless it is told otherwise: %s', (query, expected) => {
  const place = parseConnectionString(`postgresql://u@a/rooms?${query}`)
  expect(place?.servers.map((server) => place.url(server))).toEqual([
    `postgresql://u@a:5432/rooms?${expected}`,
  ])
})

it.each([
  ['sslmodee=require', 'no parameter "sslmodee" in the connection string'],
  ['search_path=x', 'settings of a session go into options, as -c%20NAME%3DVALUE'],
  ['dbname=x', 'no parameter "dbname"'],
  ['__proto__=x', 'no parameter "__proto__"'],
  ['sslmode=disable&sslmode=require', 'the parameter sslmode once in the connection string'],
  [
    'sslmode=required',
    'sslmode as one of disable, allow, prefer, require, verify-ca, verify-full, no-verify',
  ],
  ['port=x', 'postgresql://user:password@host:port/database'],
])('does not pass over what nobody reads: %s', (query, expected) => {
  expect(parseConnectionString(`postgresql://u@a/rooms?${query}`)).toBeUndefined()
  expect(connectionStringFault(`postgresql://u@a/rooms?${query}`)).toContain(expected)
})

it.each([
  'sslmode=require&channel_binding=require&keepalives=1&connect_timeout=5',
  // Of Dendrite's driver, behind PgBouncer.
  'sslmode=disable&binary_parameters=yes',
])('has nothing against parameters that lack nothing where they are not read: %s', (query) => {
  expect(connectionStringFault(`postgresql://u@a/rooms?${query}`)).toBeUndefined()
})

it('gives the driver one server, and what it understands itself', () => {
  const place = parseConnectionString(
    'postgresql://u:p%40@a,b:5433/rooms?sslmode=disable&target_session_attrs=read-write&options=-c%20search_path%3Dx',
  )
  expect(place?.servers.map((server) => place.url(server))).toEqual([
    'postgresql://u:p%40@a:5432/rooms?sslmode=disable',
    'postgresql://u:p%40@b:5433/rooms?sslmode=disable',
  ])
  expect(place).toMatchObject({ needsPrimary: true, options: '-c search_path=x' })
  const socket = parseConnectionString('postgresql://u@/rooms?host=/run/pg')
  expect(socket?.servers.map((server) => socket.url(server))).toEqual([
    'postgresql://u@localhost:5432/rooms?host=%2Frun%2Fpg',
  ])
})
