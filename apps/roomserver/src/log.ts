import { destination, type Logger, pino, stdTimeFunctions } from 'pino'
import pretty from 'pino-pretty'
import type { LogLevel } from './config/config.ts'

/** Standard output or standard error. */
type TerminalOrFile = Pick<NodeJS.WriteStream, 'isTTY'> & { readonly fd: number }

/** The log of the process: readable lines on a terminal, otherwise one JSON object a line. */
export function createLog(level: LogLevel, output: TerminalOrFile = process.stdout): Logger {
  const options = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  if (!output.isTTY) return pino(options, destination({ dest: output.fd, sync: true }))
  return pino(
    options,
    pretty({ colorize: true, translateTime: 'SYS:HH:MM:ss.l', destination: output.fd, sync: true }),
  )
}
