import { OBJECTS, type Shape, TEXTS } from './hostile-texts.ts'
import type { Reader } from './readers.ts'
import { isSteep } from './steep.ts'
import { StepCounter } from './step-counter.ts'

/** What a reader takes for a shape of some length, twice that and four times that. */
export interface Measured {
  readonly reader: string
  readonly shape: string
  readonly steps: readonly number[]
}

const LENGTHS = [2_000, 4_000, 8_000]

/** What is not in proportion is so each time; work that yields by time takes more steps when something else runs. */
const TRIES = 3

// A process of its own, since what is counted must not have been imported before.
using counter = new StepCounter()
const { JSON_READERS, TEXT_READERS } = await import('./readers.ts')
// What is made once and kept belongs to no reader.
await readAll(JSON_READERS, OBJECTS)
await readAll(TEXT_READERS, TEXTS)
const measured = [...(await measure(JSON_READERS, OBJECTS)), ...(await measure(TEXT_READERS, TEXTS))]
process.send?.(measured satisfies readonly Measured[])

async function readAll(
  readers: Readonly<Record<string, Reader>>,
  shapes: Readonly<Record<string, Shape>>,
): Promise<void> {
  for (const read of Object.values(readers)) for (const make of Object.values(shapes)) await read(make(1_000))
}

async function measure(
  readers: Readonly<Record<string, Reader>>,
  shapes: Readonly<Record<string, Shape>>,
): Promise<readonly Measured[]> {
  const results: Measured[] = []
  for (const [reader, read] of Object.entries(readers)) {
    for (const [shape, make] of Object.entries(shapes)) {
      let steps = await stepsOf(read, make)
      for (let tries = 1; isSteep(steps) && tries < TRIES; tries++) steps = await stepsOf(read, make)
      results.push({ reader, shape, steps })
    }
  }
  return results
}

async function stepsOf(read: Reader, make: Shape): Promise<readonly number[]> {
  const steps: number[] = []
  for (const length of LENGTHS) {
    const text = make(length)
    steps.push(await counter.count(() => read(text)))
  }
  return steps
}
