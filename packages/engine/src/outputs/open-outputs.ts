import { openOutputLog } from './output-log.ts'
import type { OutputOptions } from './output-options.ts'
import type { Outputs, OutputSource } from './outputs.ts'
import { openOutputRelay } from './output-relay.ts'

/** Starts to bring outputs where they should go. */
export function openOutputs(source: OutputSource, options: OutputOptions): Promise<Outputs> {
  return options.kind === 'log' ? openOutputLog(source, options) : openOutputRelay(source, options)
}
