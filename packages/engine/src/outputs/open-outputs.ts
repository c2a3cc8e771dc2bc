import { openOutputLog } from './output-log.ts'
import type { OutputOptions } from './output-options.ts'
import type { Outputs, OutputSource } from './outputs.ts'

/** Starts to bring outputs where they should go. */
export async function openOutputs(source: OutputSource, options: OutputOptions): Promise<Outputs> {
  if (options.kind === 'log') return await openOutputLog(source, options)
  // With it comes the client of the message server, which others need not load.
  const { openOutputRelay } = await import('./output-relay.ts')
  return await openOutputRelay(source, options)
}
