import { type Command, InvalidArgumentError, Option } from 'commander'
import { type ServerOptions, withServerOptions } from '../commands/server-options.ts'

/** Options that say where rooms are looked at, and how the answer is written. */
export interface InspectionOptions extends ServerOptions {
  readonly url?: string
  readonly file?: readonly string[]
  readonly json?: true
}

/** Adds the options to a command that looks inside rooms. */
export function withInspectionOptions(command: Command): Command {
  return withServerOptions(command)
    .addOption(
      new Option('-u, --url <url>', 'ask a running server (ROOMSERVER_TOKEN is its token)')
        .argParser(serverUrl)
        .conflicts(['config', 'data', 'file']),
    )
    .addOption(
      new Option(
        '-f, --file <file...>',
        'look at files of events (PDUs), as exported by any homeserver',
      ).conflicts(['config', 'data']),
    )
    .option('--json', 'print the answer as JSON')
}

/** The address of a running server, as its clients read it. */
export function serverUrl(text: string): string {
  const isSocket = /^unix:./.test(text)
  if (isSocket || (URL.canParse(text) && new URL(text).protocol === 'http:')) return text
  throw new InvalidArgumentError('Expected http://host:port, or unix:/path/of/socket.')
}

/** A whole number of at least 1. */
export function count(text: string): number {
  const number = Number(text)
  if (Number.isSafeInteger(number) && number >= 1) return number
  throw new InvalidArgumentError('Expected a whole number from 1.')
}
