import { Session } from 'node:inspector/promises'

/** How often the blocks of some scripts were entered, as V8 itself counts it: exact, and the same at every run. */
export class BlockCounts implements Disposable {
  readonly #session: Session
  readonly #isCounted: (url: string) => boolean

  private constructor(session: Session, isCounted: (url: string) => boolean) {
    this.#session = session
    this.#isCounted = isCounted
  }

  /** @param isCounted - which scripts, by URL */
  static async start(isCounted: (url: string) => boolean): Promise<BlockCounts> {
    const session = new Session()
    session.connect()
    await session.post('Profiler.enable')
    await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
    return new BlockCounts(session, isCounted)
  }

  /** The blocks that were entered since the last time. */
  async take(): Promise<number> {
    const { result } = await this.#session.post('Profiler.takePreciseCoverage')
    let sum = 0
    for (const { functions, url } of result) {
      if (!this.#isCounted(url)) continue
      for (const { ranges } of functions) for (const { count } of ranges) sum += count
    }
    return sum
  }

  [Symbol.dispose](): void {
    this.#session.disconnect()
  }
}
