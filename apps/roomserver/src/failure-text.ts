import { isFailure, type RoomserverError } from '@roomserver/types'

/** Where the options of the engine are set that a configuration can have wrong. */
const SET_BY: Readonly<Record<string, string>> = {
  serverName: 'global.server_name (--server-name)',
  outputs: 'global.jetstream.addresses',
}

/** System errors that an operator causes and can resolve. */
const SYSTEM_ERRORS: Readonly<Record<string, (detail: SystemError) => string>> = {
  EADDRINUSE: ({ address, port }) =>
    `${address ?? 'the address'}${port === undefined ? '' : `:${port}`} is in use by another program; stop that program, or set another address (room_server.internal_api.listen, or --listen)`,
  EADDRNOTAVAIL: ({ address }) => `${address ?? 'the address'} is not an address of this machine`,
  EACCES: ({ path, address, port }) => `no permission for ${path ?? `${address ?? ''}:${port ?? ''}`}`,
  ENOTFOUND: ({ hostname }) => `the host name ${hostname ?? ''} is not known`,
  EAI_AGAIN: ({ hostname }) => `the name server does not answer for ${hostname ?? 'a host name'}`,
  EISDIR: ({ path }) => `${path ?? 'what should be a file'} is a folder`,
  ENOTDIR: ({ path }) => `${path ?? 'a path'} leads through something that is not a folder`,
  EEXIST: ({ path }) => `${path ?? 'a file'} exists already`,
  ENOENT: ({ path }) => `${path ?? 'a file'} does not exist`,
  ENOSPC: () => 'the disk is full',
  EROFS: ({ path }) => `${path ?? 'the file system'} is read-only`,
}

interface SystemError extends Error {
  readonly code?: string
  readonly address?: string
  readonly port?: number
  readonly path?: string
  readonly hostname?: string
  readonly syscall?: string
}

/** A failure in one line for whoever typed the command; with its stack if it can only be a mistake of ours. */
export function explainFailure(error: unknown): string {
  if (isFailure(error, 'INVALID_ARGUMENT')) return optionText(error)
  if (isFailure(error)) return error.message
  if (!(error instanceof Error)) return String(error)
  const system: SystemError = error
  const explain = SYSTEM_ERRORS[system.code ?? '']
  if (explain !== undefined) return explain(system)
  // Whatever else the operating system refuses, it is not a mistake of ours.
  if (system.syscall !== undefined) return system.message
  return `unexpected failure, please report it\n${error.stack ?? error.message}`
}

/** A failure about an option of the engine, in terms of the configuration. */
function optionText({ message, details }: RoomserverError<'INVALID_ARGUMENT'>): string {
  const prefix = `${details.argument}: `
  const setBy = SET_BY[details.argument]
  return setBy === undefined || !message.startsWith(prefix)
    ? message
    : `${setBy}: ${message.slice(prefix.length)}`
}
