import { SLICE_MS, yieldToEventLoop } from './run.ts'

/** Long work's own part of the event loop: it looks now and then whether others are to have theirs, and lets them. */
export class TimeSlice {
  #end = performance.now() + SLICE_MS

  get isOver(): boolean {
    return performance.now() >= this.#end
  }

  /** Gives way to others. */
  async next(): Promise<void> {
    await yieldToEventLoop()
    this.#end = performance.now() + SLICE_MS
  }
}
