/** An incarnation of the output log: outputs from a position on, until the next one begins. */
export interface OutputEpoch {
  /** Twelve random hex digits. */
  readonly name: string
  readonly firstPosition: number
}

/** @param epochs - the earliest first */
export function epochAt(epochs: readonly OutputEpoch[], position: number): OutputEpoch | undefined {
  return epochs.findLast(({ firstPosition }) => firstPosition <= position)
}
