import { expect, it, vi } from 'vitest'
import { MemoryOutbox } from '../test/memory-outbox.ts'
import { pendingOutputs } from './pending.ts'

const none = () => false
const positionsOf = (rows: readonly { readonly position: number }[]) => rows.map(({ position }) => position)

it('drops what was delivered and gives what comes first then', async () => {
  const outbox = new MemoryOutbox()
  outbox.append(6)
  expect(positionsOf(await pendingOutputs(outbox, [1, 2], 3, none))).toEqual([3, 4, 5])
  expect(positionsOf(await outbox.outputs(0, 10))).toEqual([3, 4, 5, 6])
})

it('reads on behind the rows of rooms that are set aside, until it has as many as asked for', async () => {
  const outbox = new MemoryOutbox()
  outbox.append(9, ['!aside:test'])
  outbox.append(4, ['!other:test'])
  const pending = await pendingOutputs(outbox, [], 3, (roomId) => roomId === '!aside:test')
  expect(positionsOf(pending)).toEqual([10, 11, 12])
})

it('gives no more than asked for, although the last page held more', async () => {
  const outbox = new MemoryOutbox()
  outbox.append(1, ['!aside:test'])
  outbox.append(5, ['!other:test'])
  const pending = await pendingOutputs(outbox, [], 3, (roomId) => roomId === '!aside:test')
  expect(positionsOf(pending)).toEqual([2, 3, 4])
})

it('reads once where nothing is set aside, and where nothing is left', async () => {
  const outbox = new MemoryOutbox()
  outbox.append(3)
  const read = vi.spyOn(outbox, 'outputs')
  // The first read is part of dropping; a further one would be behind what it gave.
  await pendingOutputs(outbox, [], 3, none)
  await pendingOutputs(outbox, [], 4, () => true)
  expect(read.mock.calls.filter(([after]) => after > 0)).toEqual([])
})
