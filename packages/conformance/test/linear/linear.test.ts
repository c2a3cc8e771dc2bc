import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { endWithUs } from '@roomserver/testing'
import { expect, it } from 'vitest'
import { ChargedBuiltIns } from './charged-built-ins.ts'
import { withCounts } from './counted-blocks.ts'
import type { Measured } from './count-steps.ts'
import { FEW, isSteep } from './steep.ts'

/** Whoever sends us a text of a length decides no more than that about what it costs. */
it('what strangers write is read in time that is in proportion to its length', async () => {
  const child = fork(join(import.meta.dirname, 'count-steps.ts'), {
    execArgv: ['--conditions=@roomserver/source'],
  })
  endWithUs(child, 'SIGKILL')
  const [measured] = (await once(child, 'message')) as [readonly Measured[]]
  child.kill()
  expect(measured.length).toBeGreaterThan(500)
  expect(measured.filter(({ steps: [steps = 0] }) => steps > FEW).length).toBeGreaterThan(100)
  const steep = measured.filter(({ steps }) => isSteep(steps))
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

it('the count has every way through a piece of code', () => {
  expect(
    withCounts(`export function pick(values: readonly unknown[], given?: () => number): unknown {
  const first = given ? given() : (values[0] ?? 1)
  for (const value of values) if (value === first) return value
  else do given?.()
  while (first === undefined)
  switch (first) {
    case 1:
      const one = () => ({ one: 1 })
      return one as unknown
    default: {
      return async () => first || 2
    }
  }
}`),
  ).toMatchInlineSnapshot(`
    "export function pick(values: readonly unknown[], given?: () => number): unknown {__countedBlocks.sum++;
      const first = given ? (__countedBlocks.sum++,given()) : (__countedBlocks.sum++,(values[0] ?? (__countedBlocks.sum++,1)))
      for (const value of values) {__countedBlocks.sum++;if (value === first) {__countedBlocks.sum++;return value}
      else {__countedBlocks.sum++;do {__countedBlocks.sum++;given?.()}
      while (first === undefined)}}
      switch (first) {
        case 1:
          __countedBlocks.sum++;const one = () => (__countedBlocks.sum++,({ one: 1 }))
          return one as unknown
        default: {__countedBlocks.sum++;
          return async () => (__countedBlocks.sum++,first || (__countedBlocks.sum++,2))
        }
      }
    }"
  `)
})
