import { once } from 'node:events'
import { Socket } from 'node:net'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { sniffProtocol } from './sniff-protocol.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

const neverDecided = () => expect.fail('nothing was said')

it('keeps no process alive for a connection that was closed before it said anything', async () => {
  const socket = new Socket()
  sniffProtocol(socket, 10_000, neverDecided)
  expect(vi.getTimerCount()).toBe(1)
  socket.destroy()
  await once(socket, 'close')
  expect(vi.getTimerCount()).toBe(0)
})

it('closes a connection that says nothing in time', () => {
  const socket = new Socket()
  sniffProtocol(socket, 10_000, neverDecided)
  vi.advanceTimersByTime(10_000)
  expect(socket.destroyed).toBe(true)
  expect(vi.getTimerCount()).toBe(0)
})
