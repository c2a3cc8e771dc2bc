import type { EmbeddedLog, LogEntry } from '@roomserver/producers'
import { expect, it } from 'vitest'
import { followOutputs } from './subscription.ts'

const entry = (position: number, payload: object | string, roomId = '!r:a'): LogEntry => ({
  position,
  id: `${position}`,
  roomId,
  payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
})

/** A log that ends after its entries, or fails there. */
function logOf(entries: readonly LogEntry[], failure?: Error): EmbeddedLog {
  return {
    wake: () => undefined,
    read: async () => entries,
    check: async () => undefined,
    follow: async function* (after) {
      yield* entries.filter(({ position }) => position > after)
      if (failure !== undefined) throw failure
    },
    [Symbol.dispose]: () => undefined,
  }
}

async function followed(log: EmbeddedLog | undefined, room?: string, stop = new AbortController().signal) {
  const outputs: unknown[] = []
  const following = { start: Promise.resolve(1), room, stop }
  for await (const output of followOutputs(log === undefined ? {} : { log }, following)) outputs.push(output)
  return outputs
}

const said = { _event_id: '$e', _room_version: '10', type: 'm.room.message', sender: '@a:a', content: {} }

it('gives outputs behind a position with the event that they are about', async () => {
  const log = logOf([
    entry(1, { type: 'new_room_event', new_room_event: { event: said } }),
    entry(2, { type: 'new_room_event', new_room_event: { event: said, latest_event_ids: [] } }),
    entry(3, { type: 'redacted_event', redacted_event: { RedactedBecause: said, RedactedEventID: '$x' } }),
    entry(4, { type: 'retire_invite_event', retire_invite_event: { EventID: '$x' } }),
  ])
  const event = expect.objectContaining({ event_id: '$e', room_id: '!r:a', sender: '@a:a' }) as object
  expect(await followed(log)).toEqual([
    {
      position: 2,
      roomId: '!r:a',
      type: 'new_room_event',
      event,
      content: { event: said, latest_event_ids: [] },
    },
    {
      position: 3,
      roomId: '!r:a',
      type: 'redacted_event',
      event,
      content: { RedactedBecause: said, RedactedEventID: '$x' },
    },
    { position: 4, roomId: '!r:a', type: 'retire_invite_event', content: { EventID: '$x' } },
  ])
})

it.each([
  ['no object', '[]', ''],
  ['no type', {}, ''],
  ['a type that is not a text', { type: 7 }, ''],
  ['nothing of its type', { type: 'new_peek' }, 'new_peek'],
  ['a list of its type', { type: 'new_peek', new_peek: [] }, 'new_peek'],
  ['an event without an ID', { type: 'x', x: { event: { type: 'm' } } }, 'x'],
  ['an event that is a text', { type: 'x', x: { event: '$e' } }, 'x'],
])('takes an output with %s for one without an event', async (_what, payload, type) => {
  expect(await followed(logOf([entry(2, payload)]))).toMatchObject([{ position: 2, type }])
  expect(await followed(logOf([entry(2, payload)]))).not.toMatchObject([
    { event: expect.anything() as object },
  ])
})

it('leaves out what is of other rooms where one is asked for', async () => {
  const log = logOf([entry(2, {}, '!r:a'), entry(3, {}, '!other:a'), entry(4, {}, '!r:a')])
  expect(await followed(log, '!r:a')).toMatchObject([{ position: 2 }, { position: 4 }])
  expect(await followed(log)).toHaveLength(3)
})

it('fails with the log, except for somebody who has gone', async () => {
  const log = logOf([entry(2, {})], new Error('closed'))
  await expect(followed(log)).rejects.toThrow('closed')
  expect(await followed(log, undefined, AbortSignal.abort())).toHaveLength(1)
})

it('needs a log', async () => {
  await expect(followed(undefined)).rejects.toMatchObject({
    code: 'COMPONENT_NOT_CONFIGURED',
    details: { component: 'output log', operation: 'subscribe' },
  })
})
