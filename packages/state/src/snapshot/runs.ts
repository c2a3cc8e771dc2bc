/** Neighbouring states, or state sets, that have the same value: all from where the run before ends up to, not including, `to`. */
export interface Run<T> {
  readonly to: number
  readonly value: T
}

/** A value for each of many states, most of which have the same: as many runs as it takes, whatever the number of states. */
export type Runs<T> = readonly Run<T>[]

/** Adds a run at the end, or lengthens the last one. */
export function addRun<T>(runs: Run<T>[], to: number, value: T): void {
  const last = runs.at(-1)
  if (last !== undefined && last.value === value) runs[runs.length - 1] = { to, value }
  else runs.push({ to, value })
}

/** The runs with other values; neighbours that become equal are one run then. */
export function mapRuns<T, U>(runs: Runs<T>, change: (value: T) => U): Runs<U> {
  const changed: Run<U>[] = []
  for (const { to, value } of runs) addRun(changed, to, change(value))
  return changed
}

/** The value of each state, one after another. */
export function expanded<T>(runs: Runs<T>): readonly T[] {
  const values: T[] = []
  for (const { to, value } of runs) while (values.length < to) values.push(value)
  return values
}
