import { parentPort } from 'node:worker_threads'
import type { RunOptions } from './run.ts'
import { reportOn } from './seed-report.ts'

// Runs the seeds that it is sent, one after the other; see `runSeeds`.
parentPort?.on('message', (options: RunOptions) => {
  void reportOn(options).then((report) => parentPort?.postMessage(report))
})
