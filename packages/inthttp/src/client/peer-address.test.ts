import { expect, it } from 'vitest'
import { parsePeerAddress } from './peer-address.ts'

it.each([
  ['http://127.0.0.1:7772', { host: '127.0.0.1', port: 7772, socketPath: undefined, basePath: '' }],
  ['http://federation/', { host: 'federation', port: 80, socketPath: undefined, basePath: '' }],
  ['http://[::1]:7772/base/', { host: '::1', port: 7772, socketPath: undefined, basePath: '/base' }],
  [
    'unix:/run/roomserver.sock',
    { host: 'localhost', port: 80, socketPath: '/run/roomserver.sock', basePath: '' },
  ],
])('reads %s', (url, address) => {
  expect(parsePeerAddress(url)).toEqual(address)
})

it.each([
  ['', 'not a URL: '],
  ['localhost:7772', 'not an http URL: localhost:7772'],
  ['nothing at all', 'not a URL: nothing at all'],
  ['http://', 'not a URL: http://'],
  ['https://x', 'not an http URL: https://x'],
  ['ftp://x', 'not an http URL: ftp://x'],
])('refuses %j, and says why', (url, message) => {
  expect(() => parsePeerAddress(url)).toThrow(new TypeError(message))
})
