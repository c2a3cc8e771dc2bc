import { expect, it } from 'vitest'
import { MemoryOutbox } from '../test/memory-outbox.ts'
import { openEmbeddedLog } from './embedded-log.ts'

const payload = () => '{}'

it('tells a reader by position that what it wants next is not kept any more', async () => {
  const outbox = new MemoryOutbox()
  outbox.append(10)
  using log = openEmbeddedLog(outbox, payload)
  await outbox.dropOutputs([1, 2, 3, 4])
  expect(await log.first()).toBe(5)
  await expect(log.read(3, 10)).rejects.toMatchObject({
    code: 'OUTPUTS_TRIMMED',
    details: { after: 3, first: 5 },
  })
  expect(await log.read(4, 1)).toMatchObject([{ position: 5 }])
  const slow = log.follow(4)
  expect(await slow.next()).toMatchObject({ value: { position: 5 } })
})

it('takes a number that was never given for no loss', async () => {
  const outbox = new MemoryOutbox()
  outbox.append(10)
  await outbox.dropOutputs([5])
  using log = openEmbeddedLog(outbox, payload)
  expect((await log.read(3, 10)).map(({ position }) => position)).toEqual([4, 6, 7, 8, 9, 10])
  expect((await log.read(4, 1)).map(({ position }) => position)).toEqual([6])
})
