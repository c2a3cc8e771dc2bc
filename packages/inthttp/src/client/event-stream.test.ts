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

it('takes fields without a space, lines that are not fields, and the last of a field that is there twice', async () => {
  const text = 'id:7\n:comment: x\nretry\ndata:  two spaces\ndata:last\n\nid: 8\nevent: none\n\ndata:\n\n'
  expect(await eventsOf(text, 1_000)).toEqual([
    { id: '7', event: 'message', data: 'last' },
    { id: '', event: 'message', data: '' },
  ])
})

it('takes an event of the greatest length, and gives up one that has no end', async () => {
  const longest = 16 * 1024 * 1024
  const chunks = async function* (length: number) {
    yield new TextEncoder().encode(`data: ${'x'.repeat(length - 'data: '.length)}`)
    yield new TextEncoder().encode('\n\n')
  }
  const lengths: number[] = []
  for await (const { data } of parseEventStream(chunks(longest))) lengths.push(data.length)
  expect(lengths).toEqual([longest - 'data: '.length])
  await expect(parseEventStream(chunks(longest + 1)).next()).rejects.toThrow(RangeError)
})
