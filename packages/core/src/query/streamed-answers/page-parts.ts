import { pageAt, type PageRange, type Sequence } from './sequence.ts'
import type { Shown } from './shown-state.ts'

/** Part of a page: from number `from` of the page up to number `to`. */
export interface PagePart<Page> {
  readonly page: Page
  readonly from: number
  readonly to: number
}

/**
 * Goes over what is shown, page part by page part, with one page open at a time, and none opened twice however many runs
 * have a part in it.
 *
 * @param open - makes a page, or yields what has to be waited for first
 */
export function* pageParts<Page, Wait>(
  { sequences, runs }: Shown,
  open: (sequence: Sequence, range: PageRange) => Generator<Wait, Page, void>,
): Generator<Wait | PagePart<Page>, void, void> {
  let held: { readonly layer: number; readonly range: PageRange; readonly page: Page } | undefined
  for (const { layer, from, to } of runs()) {
    const sequence = sequences[layer]
    if (sequence === undefined) continue
    let at = from
    while (at < to) {
      if (held?.layer !== layer || at >= held.range.to) {
        held = undefined
        const range = pageAt(sequence, at)
        held = { layer, range, page: yield* open(sequence, range) }
      }
      const { range, page } = held
      const end = Math.min(to, range.to)
      yield { page, from: at - range.from, to: end - range.from }
      at = end
    }
  }
}
