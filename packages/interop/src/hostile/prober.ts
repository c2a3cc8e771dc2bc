import { once } from 'node:events'
import { connect } from 'node:http2'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { post } from '@roomserver/testing'

/** How long others waited for a cheap answer. */
export interface Waits {
  readonly longestMs: number
  readonly count: number
  /** Answers other than the right one. */
  readonly failed: number
}

/** How long it rests between two questions. */
const PAUSE_MS = 5
const QUESTION = '/api/roomserver/queryRoomVersionCapabilities'

/** Asks a server something cheap all the time, on a thread of its own, so that whatever else goes on here does not count. */
export class Prober implements AsyncDisposable {
  readonly #worker: Worker

  private constructor(worker: Worker) {
    this.#worker = worker
  }

  static async start(url: string): Promise<Prober> {
    const worker = new Worker(new URL(import.meta.url), { workerData: url })
    await once(worker, 'message')
    return new Prober(worker)
  }

  /** What came of the questions since the last time; waits for the one under way. */
  async take(): Promise<Waits> {
    this.#worker.postMessage('take')
    const [waits] = (await once(this.#worker, 'message')) as [Waits]
    return waits
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate()
  }
}

async function probe(url: string): Promise<never> {
  let session = connect(url).on('error', () => undefined)
  let longestMs = 0
  let count = 0
  let failed = 0
  let isAsked = false
  parentPort?.on('message', () => (isAsked = true))
  parentPort?.postMessage('ready')
  for (;;) {
    if (session.destroyed || session.closed) session = connect(url).on('error', () => undefined)
    const since = performance.now()
    const answer = await post(session, QUESTION, '{}').catch(() => undefined)
    longestMs = Math.max(longestMs, performance.now() - since)
    count++
    if (answer?.status !== 200) failed++
    if (isAsked) {
      parentPort?.postMessage({ longestMs, count, failed } satisfies Waits)
      ;[longestMs, count, failed, isAsked] = [0, 0, 0, false]
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
  }
}

if (!isMainThread && typeof workerData === 'string') await probe(workerData)
