import { silentLogger } from '@roomserver/types'
import { expect, it } from 'vitest'
import { createSlowLog } from './slow-log.ts'

function slowLog(slowMs: number) {
  const lines: unknown[] = []
  let time = 0
  const log = { ...silentLogger, warn: (fields: object, message: string) => lines.push([message, fields]) }
  return { lines, slow: createSlowLog(log, slowMs, () => time), pass: (ms: number) => (time += ms) }
}

const answered = { operation: 'queryState', requestId: 'req-1', status: 200, tookMs: 700.4 }

it('names what takes long, with its room and the trace that it is recorded in', () => {
  const { lines, slow, pass } = slowLog(500)
  slow.operation({ ...answered, roomId: '!r:x', traceId: 'abc' })
  pass(1_000)
  slow.step({ step: 'decide', tookMs: 500, roomId: '!r:x', traceId: undefined })
  const operation = { operation: 'queryState', request_id: 'req-1', status: 200 }
  expect(lines).toEqual([
    ['an operation took long', { ...operation, took_ms: 700, room_id: '!r:x', trace_id: 'abc' }],
    ['a step of an event took long', { step: 'decide', took_ms: 500, room_id: '!r:x' }],
  ])
})

it('says nothing of the rest, and nothing at all when it is told so', () => {
  const { lines, slow } = slowLog(1_000)
  slow.operation({ ...answered, roomId: undefined, traceId: undefined })
  expect(lines).toEqual([])
  const off = slowLog(0)
  off.slow.operation({ ...answered, tookMs: 1e9, roomId: undefined, traceId: undefined })
  expect(off.lines).toEqual([])
})

it('does not fill the log where everything is slow, and counts what it left out', () => {
  const { lines, slow, pass } = slowLog(500)
  for (let request = 0; request < 100; request++) {
    slow.operation({ ...answered, roomId: undefined, traceId: undefined })
    pass(30)
  }
  expect(lines).toHaveLength(3)
  expect(lines[2]).toEqual(['an operation took long', expect.objectContaining({ others_not_logged: 33 })])
})
