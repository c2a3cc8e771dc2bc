import { expect, it } from 'vitest'
import type { StreamConsumer, StreamState } from './bus.ts'
import { compareStream, firstUnread, type KnownStream, streamFindings } from './compare-stream.ts'

function consumer(acknowledged: number, given = acknowledged, reached = acknowledged): StreamConsumer {
  return { name: 'one', config: { durable_name: 'one' }, acknowledged, given, reached }
}

const state: StreamState = {
  name: 'S',
  created: 'today',
  first: 1,
  gone: 0,
  last: 100,
  remembersLast: true,
  replicas: 1,
  isClustered: false,
  dropsUnread: false,
  consumers: [consumer(60)],
}
const known: KnownStream = { name: 'S', created: 'today', last: 100, unread: 61, consumers: [consumer(60)] }

it.each<[string, Partial<StreamState>, Partial<KnownStream>, number, unknown]>([
  ['is as it was', {}, {}, 0, { kind: 'none' }],
  ['has what was sent and not recorded', { last: 103 }, {}, 3, { kind: 'none' }],
  ['has more than was sent', { last: 104 }, {}, 3, { kind: 'ahead', count: 4 }],
  ['went back', { last: 98 }, {}, 0, { kind: 'lost', why: 'went back', from: 99 }],
  ['went back, while more waits', { last: 98 }, {}, 500, { kind: 'lost', why: 'went back', from: 99 }],
  ['lost all', { first: 1, last: 0 }, {}, 0, { kind: 'lost', why: 'emptied', from: 61 }],
  ['is another one', { created: 'now' }, {}, 0, { kind: 'lost', why: 'recreated', from: 61 }],
  ['has another name', { name: 'T' }, {}, 0, { kind: 'lost', why: 'recreated', from: 61 }],
  ['was empty and is', { last: 0 }, { last: 0 }, 0, { kind: 'none' }],
  ['was read on', { consumers: [consumer(90)] }, {}, 0, { kind: 'none' }],
  ['gave some again', { consumers: [consumer(90, 95)] }, {}, 0, { kind: 'none' }],
  [
    'was purged',
    { first: 101, consumers: [consumer(100, 60)] },
    {},
    0,
    { kind: 'lost', why: 'purged', from: 61 },
  ],
  [
    'skips what was acknowledged',
    { last: 180, consumers: [consumer(180, 140)] },
    { consumers: [consumer(100, 60, 60)] },
    80,
    { kind: 'none' },
  ],
  [
    'skips one more',
    { last: 180, consumers: [consumer(180, 139)] },
    { consumers: [consumer(100, 60, 60)] },
    80,
    { kind: 'lost', why: 'purged', from: 101 },
  ],
  ['drops by age', { dropsUnread: true, consumers: [consumer(100, 60)] }, {}, 0, { kind: 'none' }],
  ['has a consumer that was made again', { consumers: [consumer(100, 2)] }, {}, 0, { kind: 'none' }],
  ['has a new consumer', { consumers: [{ ...consumer(100, 0), name: 'new' }] }, {}, 0, { kind: 'none' }],
])('knows that a stream %s', (_what, found, before, waiting, change) => {
  expect(compareStream({ ...known, ...before }, { ...state, ...found }, waiting)).toEqual(change)
})

it('begins with a stream that nothing is known of', () => {
  expect(compareStream(undefined, state, 0)).toEqual({ kind: 'unknown' })
})

it('knows the first output that a consumer may not have read', () => {
  expect(firstUnread(state)).toBe(61)
  expect(firstUnread({ ...state, consumers: [consumer(60), consumer(20)] })).toBe(21)
  expect(firstUnread({ ...state, first: 101, consumers: [] })).toBe(101)
})

it('says what an operator ought to know of a stream', () => {
  expect(streamFindings(state)).toEqual([])
  expect(streamFindings({ ...state, isClustered: true, replicas: 3 })).toEqual([])
  const [one, limits] = streamFindings({ ...state, isClustered: true, dropsUnread: true })
  expect(one).toMatchObject({ code: 'one-replica', remedy: 'nats stream edit S --replicas 3' })
  expect(limits).toMatchObject({ code: 'drops-unread' })
})
