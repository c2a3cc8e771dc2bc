import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { AnswerBody, type Exchange, faultOf, type TransportFault, watch } from './transport.ts'

// The test holds the clock.
beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

it('collects an answer up to its limit, and says when that is too much', () => {
  const body = new AnswerBody(5)
  expect([body.add(Buffer.from('abc')), body.add(Buffer.from('de'))]).toEqual([true, true])
  expect(Buffer.from(body.bytes()).toString()).toBe('abcde')
  expect(body.add(Buffer.from('f'))).toBe(false)
})

it.each([
  ['ECONNREFUSED', 'unreached'],
  ['ENOTFOUND', 'unreached'],
  ['EAI_AGAIN', 'unreached'],
  ['EHOSTUNREACH', 'unreached'],
  ['ENETUNREACH', 'unreached'],
  ['ENOENT', 'unreached'],
  ['EACCES', 'unreached'],
  ['ECONNRESET', 'broken'],
  ['EPIPE', 'broken'],
  [undefined, 'broken'],
])('knows by the code %s whether the peer can have seen the request', (code, kind) => {
  const error = Object.assign(new Error('it failed'), code === undefined ? {} : { code })
  const fault = faultOf(error)
  expect([fault.kind, fault.message, fault.cause]).toEqual([kind, 'it failed', error])
})

it.each([
  ['ECONNRESET', 'ECONNRESET'],
  [undefined, 'connection failed'],
])('says something of an error without a text, by its code %s', (code, message) => {
  expect(faultOf(Object.assign(new Error(''), { code })).message).toBe(message)
})

function exchange(signal?: AbortSignal): Exchange {
  return { path: '/', body: '', headers: {}, timeoutMs: 1_000, maxAnswerBytes: 1, signal }
}

it('stops a call when its time is over, and not before', () => {
  const faults: TransportFault[] = []
  watch(exchange(), (fault) => faults.push(fault))
  vi.advanceTimersByTime(999)
  expect(faults).toEqual([])
  vi.advanceTimersByTime(1)
  expect(faults.map(({ kind, message }) => [kind, message])).toEqual([['timeout', 'no answer in 1000 ms']])
})

it('stops a call when its caller has lost interest, and leaves one alone that has ended', () => {
  const faults: string[] = []
  const caller = new AbortController()
  watch(exchange(caller.signal), ({ kind }) => faults.push(kind))
  const end = watch(exchange(caller.signal), () => faults.push('of the call that has ended'))
  end()
  caller.abort()
  expect(faults).toEqual(['abandoned'])
  expect(vi.getTimerCount()).toBe(1)
})
