import { expect, it } from 'vitest'
import { type Suspendable, drive, finish } from './suspendable.ts'

/** Adds up what it is told, asking for each number by its name. */
function* sum(names: readonly string[], known: ReadonlyMap<string, number>): Suspendable<string, number> {
  let total = 0
  for (const name of names) {
    if (!known.has(name)) yield name
    total += known.get(name) ?? 0
    yield undefined
  }
  return total
}

it('runs to its end where everything is at hand, whatever breaths it takes', () => {
  expect(finish(sum(['a', 'b'], new Map(Object.entries({ a: 1, b: 2 }))))).toBe(3)
  expect(finish(sum([], new Map()))).toBe(0)
})

it('says what is not at hand', () => {
  expect(() => finish(sum(['a', 'b'], new Map([['a', 1]])))).toThrow('not available: "b"')
})

/** Runs {@link sum} with a clock that goes on by so much with each step. */
async function driven(
  names: readonly string[],
  stepMs: number,
  known = new Map<string, number>(),
  loadMs = 0,
) {
  const log: string[] = []
  let now = 1_000
  const computation = sum(names, known)
  const steps: Suspendable<string, number> = {
    next: () => ((now += stepMs), computation.next()),
    return: (value) => computation.return(value),
    throw: (error: unknown) => computation.throw(error),
    [Symbol.iterator]: () => steps,
    [Symbol.dispose]: () => computation.return(0),
  }
  const load = (name: string) => {
    log.push(name)
    known.set(name, 1)
    now += loadMs
    return Promise.resolve()
  }
  const yieldToEventLoop = () => {
    log.push('others')
    now += 1_000
    return Promise.resolve()
  }
  const total = await drive(steps, load, yieldToEventLoop, { sliceMs: 5, now: () => now })
  return { log, total }
}

it('loads what is asked for and goes on', async () => {
  expect(await driven(['a', 'b', 'c'], 0)).toEqual({ log: ['a', 'b', 'c'], total: 3 })
})

it('gives way once its slice is over, and has a whole one again after that', async () => {
  const known = new Map(Array.from({ length: 12 }, (_, i) => [`${i}`, 1]))
  const names = [...known.keys()]
  expect(await driven(names, 1, known)).toEqual({ log: ['others', 'others'], total: 12 })
})

it("counts the time that loading takes: what is at hand was nobody else's turn of the event loop", async () => {
  expect(await driven(['a', 'b', 'c', 'd', 'e'], 0, new Map(), 2)).toEqual({
    log: ['a', 'b', 'c', 'others', 'd', 'e'],
    total: 5,
  })
})

it('gives way at each breath that comes after the end of a slice', async () => {
  const known = new Map([['a', 2]])
  expect(await driven(['a', 'a', 'a'], 5, known)).toEqual({ log: ['others', 'others', 'others'], total: 6 })
  expect(await driven(['a', 'a', 'a'], 4, known)).toEqual({ log: ['others'], total: 6 })
})

it('fails with what failed to load', async () => {
  const load = () => Promise.reject(new Error('gone'))
  await expect(drive(sum(['a'], new Map()), load, () => Promise.resolve())).rejects.toThrow('gone')
})
