import { expect, it } from 'vitest'
import { Admission } from './admission.ts'

/** An admission whose turns and clock are the test's. */
function admission() {
  const turns: (() => void)[] = []
  const entered: string[] = []
  let now = 0
  const doors = new Admission(
    (begin) => turns.push(begin),
    () => now,
  )
  return {
    entered,
    turns,
    /** A connection that sent something which takes so long to deal with, in a tick after it is let in. */
    come: (name: string, takesMs: number) =>
      doors.enter(() => {
        process.nextTick(() => {
          entered.push(name)
          now += takesMs
        })
      }),
    turn: async () => {
      turns.shift()?.()
      await settled()
    },
  }
}

const settled = () => new Promise((resolve) => setTimeout(resolve))

it('lets connections in one after another, and others have a turn after 5 ms', async () => {
  const { come, entered, turn } = admission()
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) come(name, 2)
  await settled()
  expect(entered).toEqual(['a', 'b', 'c'])
  come('g', 2)
  await settled()
  expect(entered).toEqual(['a', 'b', 'c'])
  await turn()
  expect(entered).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
  await turn()
  expect(entered).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g'])
})

it('lets a single one in at once, and has nothing to do after it', async () => {
  const { come, entered, turn, turns } = admission()
  come('a', 1)
  await settled()
  expect(entered).toEqual(['a'])
  await turn()
  expect(turns).toHaveLength(0)
  come('b', 1)
  await settled()
  expect(entered).toEqual(['a', 'b'])
})
