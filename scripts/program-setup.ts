import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bundle } from './bundle.ts'

const PROGRAM = 'apps/roomserver/src/index.ts'

/** The set-up runs for every project that starts the program, each with its own copy of this module. */
const holder = globalThis as { roomserverProgram?: Promise<string> | undefined }

/**
 * Puts the program into one file of a run, from its sources, for tests that start it again and again. `TEST_PROGRAM` says
 * where it is.
 */
export default async function setup(): Promise<void> {
  process.env['TEST_PROGRAM'] = await (holder.roomserverProgram ??= bundledProgram())
}

async function bundledProgram(): Promise<string> {
  const fileOf = await bundle([PROGRAM], await mkdtemp(join(tmpdir(), 'roomserver-program-')))
  return fileOf(PROGRAM)
}
