import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { RoomBuilder } from '@roomserver/testing'
import { expect, it } from 'vitest'
import { folder, run } from './program.ts'

async function replay(...args: readonly string[]) {
  const { status, text, errors } = await run('replay', ...args)
  return { status, lines: text.trimEnd().split('\n'), stderr: errors }
}

it('sorts events, puts them in and counts what became of them', async () => {
  const room = await RoomBuilder.create()
  await room.join('@bob:b')
  await room.message('hello', { sender: '@bob:b' })
  await room.message('who is this?', { sender: '@mallory:m' })
  const lines = room.events.map(({ json }) => json).toReversed()
  const file = join(folder(), 'events.jsonl.gz')
  writeFileSync(file, gzipSync([...lines, 'no event', ''].join('\n')))
  const { status, lines: summary } = await replay('--memory', file)
  expect(status).toBe(0)
  expect(summary[0]?.trim()).toBe('6  accepted')
  expect(summary.slice(1, 3).join('\n')).toMatch(/1 {2}rejected\n.*1 {2}v10 \S+: .*@mallory:m/)
  expect(summary.at(-1)).toBe('6 accepted, 0 soft-failed, 2 rejected')
})

it('keeps rooms for a server to come, and knows them the next time', async () => {
  const room = await RoomBuilder.create()
  const place = folder()
  const file = join(place, 'events.jsonl')
  writeFileSync(file, room.events.map(({ json }) => json).join('\n'))
  const data = ['--data', join(place, 'data')]
  await replay(...data, file)
  expect((await replay(...data, file)).lines).toEqual([
    '       4  accepted',
    '       4  of these already stored',
    '',
    '4 accepted, 0 soft-failed, 0 rejected',
  ])
})

it('does not store what builds on events that are nowhere', async () => {
  const room = await RoomBuilder.create()
  await room.message('lost')
  await room.message('on top')
  const file = join(folder(), 'events.jsonl')
  writeFileSync(
    file,
    room.events
      .filter((_, index) => index !== 4)
      .map(({ json }) => json)
      .join('\n'),
  )
  const { lines } = await replay('--memory', '--list', file)
  expect(lines.at(-1)).toBe('4 accepted, 0 soft-failed, 1 rejected')
  const [, , , , lost, onTop] = room.events.map(({ eventId }) => eventId)
  expect(lines[0]).toBe(`missing\t${onTop}\t${room.roomId}\tMISSING_EVENTS: lacks ${lost}`)
})

it('says which file is not there', async () => {
  const { status, stderr } = await replay('--memory', '/nowhere.jsonl')
  expect(status).toBe(1)
  expect(stderr.trim()).toBe('roomserver: /nowhere.jsonl does not exist')
})
