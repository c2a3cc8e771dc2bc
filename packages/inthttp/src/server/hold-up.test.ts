import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { holdUp, readOn } from './hold-up.ts'

const PIECES = 150_000
/** The greatest number of pieces that is found in what a socket gives at a time. */
const AT_ONCE = 64 * 1024

it('stops reading a body of small pieces at once, and reads all of it later', async () => {
  const server = createServer()
  const requests: IncomingMessage[] = []
  server.on('request', (request: IncomingMessage, response) => {
    holdUp(request)
    requests.push(request)
    let length = 0
    request.on('data', (chunk: Buffer) => (length += chunk.length))
    request.once('end', () => response.end(`${length}`))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const answers: string[] = []
  socket.on('data', (chunk: Buffer) => answers.push(chunk.toString('latin1')))
  const request = 'POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n'
  socket.write(`${request}${'1\r\nx\r\n'.repeat(PIECES)}0\r\n\r\n`)
  while (requests.length === 0) await delay(1)
  const [held] = requests
  // Whatever is read by mistake comes meanwhile: it is there already.
  await delay(200)
  expect(held?.readableLength).toBeLessThan(AT_ONCE / 2)
  if (held !== undefined) readOn(held)
  while (answers.length === 0) await delay(1)
  expect(answers.join('')).toContain(`\r\n\r\n${PIECES}`)
  // The connection goes on.
  socket.write('POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\n{}')
  while (requests.length === 1) await delay(1)
  if (requests[1] !== undefined) readOn(requests[1])
  while (!answers.join('').endsWith('\r\n\r\n2')) await delay(1)
  socket.destroy()
  server.close()
})
