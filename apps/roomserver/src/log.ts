import { destination, type Logger, pino, stdTimeFunctions } from 'pino'
import pretty from 'pino-pretty'
import type { LogLevel } from './config/config.ts'

/** Standard output or standard error. */
type TerminalOrFile = Pick<NodeJS.WriteStream, 'isTTY'> & { readonly fd: number }

/** Has `SIGUSR2` change the level of a log to `debug`, and back; the change is logged while the level is `debug`. */
export function changeLevelOnSignal(log: Logger): void {
  const configured = log.level
  process.on('SIGUSR2', () => {
    if (log.level === 'debug' && configured !== 'debug') {
      log.info({ log_level: configured }, 'log level changed by SIGUSR2')
      log.level = configured
    } else {
      log.level = 'debug'
      log.info({ log_level: 'debug' }, 'log level changed by SIGUSR2; send it again for the configured one')
    }
  })
}

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
