import { statSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import type { Logger } from '@roomserver/types'
import { Command } from 'commander'
import { faultOf } from '../compose/fault.ts'
import type { Config } from '../config/config.ts'
import { startRoomserver } from '../compose/start-roomserver.ts'
import { changeLevelOnSignal, createLog } from '../log.ts'
import { stopSignal } from '../stop-signal.ts'
import { welcome } from '../welcome.ts'
import { configOf } from './server-config.ts'
import { type ServerOptions, withListenOption, withServerOptions } from './server-options.ts'

/** Whoever reads the signing key can speak for the homeserver. */
function warnOfReadableKey({ keyFile }: Config, log: Logger): void {
  if (keyFile === undefined || (statSync(keyFile).mode & 0o077) === 0) return
  log.warn({ file: keyFile }, 'other users can read the signing key; run chmod 600 on the file')
}

/** Whoever asks for a file would look for it in vain. */
function warnOfUnusedLogs({ unusedLogs: types }: Config, log: Logger): void {
  if (types.length === 0) return
  log.warn({ types }, 'logs are written to standard output only; direct it to where they should go')
}

/** `roomserver serve` */
export function serveCommand(): Command {
  return withListenOption(withServerOptions(new Command('serve')))
    .description('serve the internal API until stopped')
    .action(serve)
}

async function serve(options: ServerOptions): Promise<void> {
  const config = await configOf(options)
  const log = createLog(config.logLevel)
  warnOfReadableKey(config, log)
  warnOfUnusedLogs(config, log)
  changeLevelOnSignal(log)
  const stopped = stopSignal(log)
  await serveUntil(stopped, config, log)
  log.info({}, 'stopped')
  // What is left open by then is nobody's: the NATS client keeps the sockets of attempts that a frozen server never answered.
  process.exit()
}

async function serveUntil(stopped: Promise<unknown>, config: Config, log: Logger): Promise<void> {
  await using server = await startRoomserver(config, log, faultOf(process.env['ROOMSERVER_FAULT']))
  log.info({ url: server.url, server_name: config.serverName, config: config.source }, 'listening')
  // On a terminal it belongs between the log lines; elsewhere the log is JSON and has to stay so.
  const output = process.stdout.isTTY ? process.stdout : process.stderr
  output.write(welcome(config, server.url))
  await stopped
  const { drain_time: drainMs } = config.settings
  if (drainMs === 0) return
  server.drain()
  log.info(
    { drain_ms: drainMs },
    'not ready any more; requests are still answered while callers go elsewhere',
  )
  await wait(drainMs)
}
