import { expect, it } from 'vitest'
import { parseNatsAddresses } from './nats-address.ts'

const HERE = { host: 'here', port: 4222, isTls: false }

it.each([
  ['here', [HERE]],
  ['nats://here:4223/', [{ ...HERE, port: 4223 }]],
  ['TLS://here', [{ ...HERE, isTls: true }]],
  [':4223', [{ ...HERE, host: '127.0.0.1', port: 4223 }]],
  ['nats://[::1]:4222', [{ ...HERE, host: '::1' }]],
  ['nats://rooms:se/c@r%40t:@here', [{ ...HERE, credentials: { user: 'rooms', pass: 'se/c@r@t:' } }]],
  ['token@here', [{ ...HERE, credentials: { token: 'token' } }]],
  ['nats://here, there:1', [HERE, { ...HERE, host: 'there', port: 1 }]],
])('reads an address as the client of the other components does: %s', (text, addresses) => {
  expect(parseNatsAddresses([text])).toEqual(addresses)
})

it.each([
  '',
  'nats://',
  'http://here',
  'http://rooms:secret@here',
  'here:',
  'here:port',
  'here:0',
  'here:65536',
  'here/there',
  'a b',
  'here,',
  'nats://::1',
  'u:100%@here',
])('refuses what is not an address, without repeating it: %j', (text) => {
  expect(() => parseNatsAddresses([text])).toThrow(/^outputs: expected addresses such as nats:\/\/host:4222/)
})
