import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { join } from 'node:path'

/** The reference's programs (the Go homeserver), as whoever runs these commands has built them. */
export interface ReferencePrograms {
  /** Runs one component of the homeserver, by name. */
  readonly polylith: string
  /** Writes a signing key. */
  readonly generateKeys: string
}

/** What a command was told about the reference's programs. */
export interface ReferenceOptions {
  /** A folder that holds the programs. */
  readonly reference?: string | false
}

/** A folder was named that does not hold the programs: a wrong path is not the wish to do without them. */
export class ProgramMissing extends Error {}

/**
 * Finds the reference's programs in the folder of `--reference` or else of `ROOMSERVER_REFERENCE`.
 *
 * @returns the programs, or one sentence that says why they are left out
 * @throws {ProgramMissing} when a folder is named that does not hold them
 */
export async function referencePrograms({
  reference,
}: ReferenceOptions): Promise<ReferencePrograms | string> {
  if (reference === false) return 'it was not asked for'
  const folder = reference ?? process.env['ROOMSERVER_REFERENCE'] ?? ''
  if (folder === '')
    return 'no folder with its programs was given (--reference FOLDER or ROOMSERVER_REFERENCE)'
  const programs = {
    polylith: join(folder, 'dendrite-polylith-multi'),
    generateKeys: join(folder, 'generate-keys'),
  }
  for (const program of Object.values(programs)) {
    try {
      await access(program, constants.X_OK)
    } catch (cause) {
      throw new ProgramMissing(`cannot run ${program}; --reference names the folder that holds it`, { cause })
    }
  }
  return programs
}
