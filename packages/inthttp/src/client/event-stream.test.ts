import { expect, it } from 'vitest'
import { parseEventStream } from './event-stream.ts'

async function eventsOf(text: string, chunkLength: number): Promise<unknown[]> {
  const bytes = new TextEncoder().encode(text)
  const chunks = async function* () {
    for (let at = 0; at < bytes.length; at += chunkLength) yield bytes.subarray(at, at + chunkLength)
  }
  const events: unknown[] = []
  for await (const event of parseEventStream(chunks())) events.push(event)
  return events
}

it.each([1, 2, 3, 7, 1_000])('takes a stream apart that comes in pieces of %i bytes', async (length) => {
  const text =
    ': hello\n\nid: 1\nevent: output\ndata: {"a":"\u00e9: \u{1f600}"}\n\n:\n\ndata:x\n\nid: 2\ndata: cut'
  expect(await eventsOf(text, length)).toEqual([
    { id: '1', event: 'output', data: '{"a":"\u00e9: \u{1f600}"}' },
    { id: '', event: 'message', data: 'x' },
  ])
})
