import type { OutputEpoch } from '@roomserver/types'

/** @param epochs - the earliest first */
export function epochAt(epochs: readonly OutputEpoch[], position: number): OutputEpoch | undefined {
  return epochs.findLast(({ firstPosition }) => firstPosition <= position)
}
