import { expect, it } from 'vitest'
import { LongStatements } from './long-statements.ts'

it('runs four statements at a time, and the others in the order in which they came, whatever becomes of them', async () => {
  const statements = new LongStatements()
  const begun: number[] = []
  const ends: (() => void)[] = []
  const all = Array.from({ length: 7 }, (_, index) =>
    statements
      .run(async () => {
        begun.push(index)
        await new Promise<void>((resolve) => ends.push(resolve))
        if (index % 2 === 0) throw new Error(`${index}`)
        return index
      })
      .catch(String),
  )
  const end = async (place: number) => {
    ends[place]?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  await end(-1)
  expect(begun).toEqual([0, 1, 2, 3])
  await end(2)
  expect(begun).toEqual([0, 1, 2, 3, 4])
  await end(1)
  expect(begun).toEqual([0, 1, 2, 3, 4, 5])
  for (const place of [0, 3, 4, 5, 6]) await end(place)
  expect(await Promise.all(all)).toEqual(['Error: 0', 1, 'Error: 2', 3, 'Error: 4', 5, 'Error: 6'])
  // All places are free again.
  const later = Array.from({ length: 4 }, () =>
    statements.run(() => new Promise<void>((end) => ends.push(end))),
  )
  await end(-1)
  expect(ends).toHaveLength(11)
  for (const place of [7, 8, 9, 10]) await end(place)
  await Promise.all(later)
})

it('does not begin a statement whose caller went away while it waited', async () => {
  const statements = new LongStatements()
  const ends: (() => void)[] = []
  const running = Array.from({ length: 4 }, () =>
    statements.run(() => new Promise<void>((end) => ends.push(end))),
  )
  const gone = new AbortController()
  let isBegun = false
  const late = statements.run(async () => void (isBegun = true), gone.signal)
  gone.abort(new Error('gone'))
  const later = statements.run(async () => 'done')
  for (const end of ends) end()
  await expect(late).rejects.toThrow('gone')
  expect(await later).toBe('done')
  expect(isBegun).toBe(false)
  await Promise.all(running)
})
