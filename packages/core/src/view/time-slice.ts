import { SLICE_MS, yieldToEventLoop } from './run.ts'

/** Long work's own part of the event loop: it looks now and then whether others are to have theirs, and lets them. */
export class TimeSlice {
  readonly #gone: AbortSignal | undefined
  #end = performance.now() + SLICE_MS

  /** @param gone - says that nobody waits for the result any more */
  constructor(gone: AbortSignal | undefined) {
    this.#gone = gone
  }

  get isOver(): boolean {
    return performance.now() >= this.#end
  }

  /** Gives way to others. @throws the reason of the signal when whoever asked has gone away */
  async next(): Promise<void> {
    await yieldToEventLoop()
    this.#gone?.throwIfAborted()
    this.#end = performance.now() + SLICE_MS
  }
}
