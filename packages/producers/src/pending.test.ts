import { expect, it, vi } from 'vitest'
import { MemoryOutbox } from '../test/memory-outbox.ts'
import type { OutboxRow } from './outbox.ts'
import { pendingOutputs } from './pending.ts'

const none = () => false
const positionsOf = (rows: readonly { readonly position: number }[]) => rows.map(({ position }) => position)

it('drops what was delivered and gives what comes first then', async () => {
  const outbox = new MemoryOutbox()
  outbox.append(6)
  expect(positionsOf(await pendingOutputs(outbox, delivered(1, 2), 3, none))).toEqual([3, 4, 5])
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

function delivered(...positions: readonly number[]) {
  return positions.map((position) => ({ position, sequence: position }))
}

/** Outputs that wait, as a database gives them whose positions say nothing about the order of commits. */
class DisorderedOutbox extends MemoryOutbox {
  readonly waiting: OutboxRow[] = []

  /** What is committed between two reads. */
  committedMeanwhile: OutboxRow[] = []

  override async outputs(after: number, limit: number): Promise<readonly OutboxRow[]> {
    const rows = this.waiting.filter(({ position }) => position > after).slice(0, limit)
    const found = rows.map((row) => ({ ...row, firstWaiting: this.#first(row.roomId) }))
    this.waiting.push(...this.committedMeanwhile.splice(0))
    this.waiting.sort((a, b) => a.position - b.position)
    return found
  }

  #first(roomId: string): number {
    return Math.min(...this.waiting.filter((row) => row.roomId === roomId).map(({ seq }) => seq))
  }
}

const row = (position: number, roomId: string, seq: number): OutboxRow => ({ position, roomId, seq })
const idsOf = (rows: readonly OutboxRow[]) => rows.map(({ roomId, seq }) => `${roomId}/${seq}`)

it('gives the outputs of a room by their numbers, whatever their positions', async () => {
  const outbox = new DisorderedOutbox()
  outbox.waiting.push(row(1, '!a', 3), row(2, '!b', 7), row(3, '!a', 1), row(4, '!a', 2))
  expect(idsOf(await pendingOutputs(outbox, [], 10, none))).toEqual(['!a/1', '!b/7', '!a/2', '!a/3'])
})

it('gives no output while an earlier one of its room waits behind what it may give', async () => {
  const outbox = new DisorderedOutbox()
  outbox.waiting.push(row(1, '!a', 2), row(2, '!b', 1), row(3, '!b', 2), row(4, '!b', 3), row(5, '!a', 1))
  expect(idsOf(await pendingOutputs(outbox, [], 3, none))).toEqual(['!a/1', '!b/1', '!b/2'])
  expect(idsOf(await pendingOutputs(outbox, [], 2, none))).toEqual(['!b/1', '!b/2'])
})

it('gives no output that it finds on a further page while an earlier one was committed before that page', async () => {
  const outbox = new DisorderedOutbox()
  outbox.waiting.push(row(10, '!aside', 1), row(20, '!aside', 2))
  outbox.committedMeanwhile = [row(15, '!a', 1), row(30, '!a', 2), row(31, '!b', 1)]
  const isSetAside = (roomId: string) => roomId === '!aside'
  expect(idsOf(await pendingOutputs(outbox, [], 2, isSetAside))).toEqual(['!b/1'])
  expect(idsOf(await pendingOutputs(outbox, [], 9, isSetAside))).toEqual(['!a/1', '!a/2', '!b/1'])
})
