import { setTimeout as wait } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { unlessStill } from './stillness.ts'

it('tells work that ends from work that waits for what never comes', async () => {
  expect(await unlessStill(wait(50, 'done'), 10)).toEqual({ result: 'done' })
  expect(await unlessStill(new Promise(() => undefined), 10)).toBeUndefined()
})

it('waits for work that goes on and on', async () => {
  let isOver = false
  const work = async (): Promise<string> => {
    for (let turn = 0; turn < 60; turn++) {
      const until = performance.now() + 10
      while (performance.now() < until) Math.sqrt(until)
      await wait(1)
    }
    isOver = true
    return 'done'
  }
  expect(await unlessStill(work(), 10)).toEqual({ result: 'done' })
  expect(isOver).toBe(true)
})
