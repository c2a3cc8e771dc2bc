import { expect, it } from 'vitest'
import { run } from './run.ts'

const SEEDS = 40
const SIZE = { steps: 40, servers: 3 }

it('ends with servers that agree, and that judge as the reference does, whatever happened', async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { problems } = await run({ ...SIZE, seed })
    expect(problems, `seed ${seed}`).toEqual([])
  }
}, 900_000)

it('repeats itself to the byte, whatever was run before', async () => {
  const { trace } = await run({ ...SIZE, seed: 7 })
  expect((await run({ ...SIZE, seed: 8 })).trace).not.toBe(trace)
  expect((await run({ ...SIZE, seed: 7 })).trace).toBe(trace)
})
