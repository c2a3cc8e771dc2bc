import { connect } from 'node:net'
import { freemem, totalmem } from 'node:os'
import { existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { freeBytes } from '../compose/free-bytes.ts'
import type { Config } from '../config/config.ts'
import { type DoctorFinding, error, warning, when } from './finding.ts'

const MIB = 1024 * 1024
/** Below this the next hours may fill the disk. */
const LITTLE_SPACE = 1024 * MIB
const LEAST_SPACE = 100 * MIB
/** What the program needs beside its cache. */
const BASE_BYTES = 200 * MIB

/** Files that others can read, or that are not there. */
export function fileFindings(config: Config): readonly DoctorFinding[] {
  const { keyFile, database, source, settings } = config
  const holdsSecret = database.kind === 'postgres' || settings.token !== undefined
  const data =
    database.kind === 'sqlite' && database.file !== ':memory:' ? [database.file, `${database.file}-wal`] : []
  return [
    ...(keyFile === undefined
      ? []
      : [
          ...missingKey(keyFile),
          ...readable('key-mode', keyFile, 'the signing key', 'can speak for the homeserver'),
        ]),
    ...data.flatMap((file) => readable('data-mode', file, 'the database', 'can read every room')),
    ...(holdsSecret && source !== 'defaults'
      ? readable('configuration-mode', source, 'the configuration', 'may find passwords in it')
      : []),
  ]
}

/** Only in a folder of data: a configuration file that names none is a finding of its own. */
function missingKey(file: string): readonly DoctorFinding[] {
  return when(!existsSync(file), () =>
    error(
      'key-missing',
      `there is no signing key at ${file}`,
      'the server does not start: other servers know the rooms by events that the lost key signed',
      `put the file back from a backup, or, if it is lost, make a new one: roomserver key create ${file}`,
    ),
  )
}

function readable(code: string, file: string, what: string, consequence: string): readonly DoctorFinding[] {
  const isOpen = existsSync(file) && (statSync(file).mode & 0o077) !== 0
  return when(isOpen, () =>
    warning(
      code,
      `other users can read ${what} (${file})`,
      `whoever reads it ${consequence}`,
      `chmod 600 ${file}`,
    ),
  )
}

/** Space on the disk of an embedded store, and memory. */
export function spaceFindings({ database, cacheBytes }: Config): readonly DoctorFinding[] {
  const needed = BASE_BYTES + 2 * cacheBytes
  return [
    ...(database.kind === 'sqlite' ? diskFindings(dirname(database.file), freeBytes(database)) : []),
    ...when(needed > totalmem(), () =>
      warning(
        'memory',
        `the cache of ${mib(cacheBytes)} needs about ${mib(needed)} of memory, and the machine has ${mib(totalmem())} (${mib(freemem())} free)`,
        'the system may kill the process when the cache is full',
        'lower global.cache.max_size_estimated',
      ),
    ),
  ]
}

function diskFindings(folder: string, free = Number.POSITIVE_INFINITY): readonly DoctorFinding[] {
  const found = free < LEAST_SPACE ? error : warning
  return when(free < LITTLE_SPACE, () =>
    found(
      'disk',
      `${mib(free)} are free on the disk of ${folder}`,
      'when it is full, every event is refused with 503 until there is space',
      'free space, or move the store to a larger disk while the server is stopped',
    ),
  )
}

const mib = (bytes: number) => `${Math.round(bytes / MIB)} MiB`

/** Components that do not answer at the address of the configuration. */
export async function componentFindings({ components }: Config): Promise<readonly DoctorFinding[]> {
  const silent = await Promise.all(
    Object.entries(components).map(async ([name, address]) => {
      const { hostname, port, protocol } = new URL(address)
      const isThere = await answers(
        hostname.replace(/^\[|\]$/g, ''),
        Number(port || (protocol === 'https:' ? 443 : 80)),
      )
      return when(!isThere, () =>
        warning(
          'component',
          `the ${name} component does not answer at ${address}`,
          'operations that need it fail, and outputs for it wait in the stream',
          `start it, or correct ${name === 'appservice' ? 'app_service' : name}_api.internal_api.connect`,
        ),
      )
    }),
  )
  return silent.flat()
}

const CONNECT_MS = 3_000

function answers(host: string, port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect({ host, port, timeout: CONNECT_MS })
  socket.once('connect', () => resolve(true))
  socket.once('timeout', () => resolve(false))
  socket.once('error', () => resolve(false))
  return promise.finally(() => socket.destroy())
}
