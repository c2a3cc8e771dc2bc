import { type Command, InvalidArgumentError, Option } from 'commander'

/** Options that say which server a command is about; every command has them. */
export interface ServerOptions {
  readonly config?: string
  readonly data: string
  /** Left out: `localhost`, or the name that an existing store keeps where the command only looks after it. */
  readonly serverName?: string
  readonly listen?: { readonly host: string; readonly port: number }
  /** Nothing is written to disk. */
  readonly memory?: true
}

/** Where a server without a configuration file listens unless told otherwise. */
export const EMBEDDED_ADDRESS = { host: '127.0.0.1', port: 7770 }

/** A path. The shell makes an empty one of a variable that is not set, and that would be the working directory. */
export function path(text: string): string {
  if (text !== '') return text
  throw new InvalidArgumentError('Expected a path, and not an empty text.')
}

/** Adds the options to a command. What only the embedded form knows cannot be combined with a configuration file. */
export function withServerOptions(command: Command): Command {
  return command
    .addOption(
      new Option('-c, --config <file>', 'a dendrite.yaml; without one, all data is kept in a folder')
        .argParser(path)
        .conflicts(['data', 'serverName', 'listen']),
    )
    .option(
      '-d, --data <folder>',
      'without --config: the folder for database and signing key',
      path,
      './data',
    )
    .option('-n, --server-name <name>', 'without --config: the name of the homeserver (default: localhost)')
}

/** Adds the option of a command that listens. */
export function withListenOption(command: Command): Command {
  return command.addOption(
    new Option('-l, --listen <host:port>', 'without --config: the address to listen on')
      .argParser(parseHostPort)
      .default(EMBEDDED_ADDRESS, '127.0.0.1:7770'),
  )
}

function parseHostPort(text: string): { host: string; port: number } {
  const match = /^(?:(\[[0-9a-fA-F:.]+\]|[^:[\]]*):)?(\d{1,5})$/.exec(text)
  const port = Number(match?.[2])
  if (match === null || port > 65_535)
    throw new InvalidArgumentError('Expected host:port, such as 127.0.0.1:7770.')
  const host = (match[1] ?? '').replace(/^\[|\]$/g, '')
  return { host: host === '' ? EMBEDDED_ADDRESS.host : host, port }
}
