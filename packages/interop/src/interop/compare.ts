import { DEPARTURES } from './departures.ts'
import type { Observation } from './drive.ts'

/** How two drives of the same stories compare, step by step. */
export interface Comparison {
  readonly passed: number
  readonly failures: readonly string[]
  readonly departed: readonly string[]
}

/** Holds a drive of ours against one of the reference: the same status and meaning at every step. */
export function compareDrives(reference: readonly Observation[], ours: readonly Observation[]): Comparison {
  const mine = new Map(ours.map((observation) => [observation.step, observation]))
  const failures: string[] = []
  const departed: string[] = []
  let passed = 0
  for (const expected of reference) {
    const got = mine.get(expected.step)
    if (got !== undefined && outcome(got) === outcome(expected)) {
      passed++
      continue
    }
    const departure =
      got && DEPARTURES.find(({ steps, ours: meant }) => steps.test(expected.step) && meant(got))
    if (departure === undefined) failures.push(describe(expected, got))
    else departed.push(`${expected.step}: ${departure.reason}`)
  }
  return { passed, failures, departed }
}

function outcome({ status, meaning }: Observation): string {
  return `${status} ${JSON.stringify(meaning)}`
}

function describe(expected: Observation, got: Observation | undefined): string {
  const mine = got === undefined ? 'the step was not reached' : outcome(got)
  return `${expected.step}\n  reference ${outcome(expected)}\n  ours      ${mine}`
}
