import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { expect, it } from 'vitest'
import { ChargedBuiltIns } from './charged-built-ins.ts'
import type { Measured } from './worker.ts'

/**
 * How much more the second doubling may add than the first one: twice as much where steps are in proportion to the length,
 * a little more where something is sorted, four times as much where they grow with its square.
 */
const MOST = 2.6
/** Steps that say nothing yet: what ends at a bound does not go on growing. */
const FEW = 2_000

/** Whoever sends us a text of a length decides no more than that about what it costs. */
it('what strangers write is read in time that is in proportion to its length', async () => {
  const worker = new Worker(new URL('worker.ts', import.meta.url), {
    execArgv: ['--conditions=@roomserver/source'],
  })
  const [measured] = (await once(worker, 'message')) as [readonly Measured[]]
  await worker.terminate()
  expect(measured.length).toBeGreaterThan(500)
  const steep = measured.filter(({ steps: [once = 0, twice = 0, fourTimes = 0] }) => {
    return fourTimes - twice > MOST * Math.max(twice - once, 0) + FEW
  })
  expect(steep).toEqual([])
}, 300_000)

// The mark that stood for keys with escapes was made longer until a text did not hold it.
it('the count sees what is not in proportion, also where it happens in a built-in function', () => {
  const steps = [1_000, 2_000, 4_000].map((length) => {
    using counted = new ChargedBuiltIns()
    const text = '\ue000'.repeat(length)
    let mark = '\ue000'
    while (text.includes(mark)) mark += '\ue000'
    return counted.sum
  })
  const [once = 0, twice = 0, fourTimes = 0] = steps
  expect((fourTimes - twice) / (twice - once)).toBeGreaterThan(3.9)
})
