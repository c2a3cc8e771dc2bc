import { join } from 'node:path'
import { Command } from 'commander'
import { compareDrives } from '../interop/compare.ts'
import type { Observation } from '../interop/drive.ts'
import { freePortPrefix, startPolyliths } from '../interop/polylith.ts'
import {
  type ReferenceOptions,
  type ReferencePrograms,
  referencePrograms,
} from '../interop/reference-programs.ts'
import { type Check, takeOver } from '../interop/takeover.ts'
import { runStories } from '../interop/run-scenarios.ts'
import { withReferenceOption } from './reference-option.ts'

const ROOT = join(import.meta.dirname, '../../../..')
const PROGRAM = ['--conditions=@roomserver/source', join(ROOT, 'apps/roomserver/src/index.ts')]
const OURS = [...PROGRAM, 'serve', '--config']

interface InteropOptions extends ReferenceOptions {
  readonly only?: string
  readonly takeover: boolean
}

/** `conformance interop`: our room server among the reference's components, held against the reference's own. */
export function interopCommand(): Command {
  return withReferenceOption(new Command('interop'))
    .description(
      'drives two federating homeservers through the client API, with our room server and with the reference',
    )
    .option('--only <pattern>', 'stories to tell')
    .option('--no-takeover', "leave out the import of the reference's database and what follows")
    .action(async (options: InteropOptions) => {
      const programs = await referencePrograms(options)
      if (typeof programs === 'string') {
        console.log(`Nothing was compared, the reference is left out: ${programs}.`)
        return
      }
      const only = options.only === undefined ? undefined : new RegExp(options.only)
      const ports = await freePortPrefix()
      const drive = { programs, ports, only }
      const reference = await driveOnce('the reference', drive)
      const ours = await driveOnce('ours', drive, [process.execPath, ...OURS])
      const { passed, failures, departed } = compareDrives(reference, ours)
      const checks = options.takeover ? await takeOverOnce(drive) : []
      for (const failure of failures) console.log(failure)
      for (const { what, holds } of checks)
        if (!holds) console.log(`after the takeover: does not hold: ${what}`)
      for (const line of departed) console.log(`departs as expected: ${line}`)
      const broken = checks.filter(({ holds }) => !holds).length
      process.exitCode = failures.length + broken > 0 ? 1 : 0
      const held = checks.length - broken
      console.log(`${passed + departed.length + held} passed, ${failures.length + broken} failed`)
    })
}

/** The reference runs, its database is imported, ours takes its place. */
async function takeOverOnce({ programs, ports }: DriveOptions): Promise<readonly Check[]> {
  const started = performance.now()
  await using polyliths = await startPolyliths(programs, ports)
  const checks = await takeOver(polyliths, [process.execPath, ...PROGRAM])
  console.log(`takeover: ${checks.length} checks in ${((performance.now() - started) / 1000).toFixed(1)} s`)
  return checks
}

interface DriveOptions {
  readonly programs: ReferencePrograms
  readonly ports: number
  readonly only: RegExp | undefined
}

async function driveOnce(
  name: string,
  { programs, ports, only }: DriveOptions,
  roomserver?: readonly string[],
): Promise<readonly Observation[]> {
  const started = performance.now()
  await using polyliths = await startPolyliths(programs, ports, roomserver)
  const observations = await runStories(polyliths.servers, only)
  console.log(
    `${name}: ${observations.length} steps in ${((performance.now() - started) / 1000).toFixed(1)} s`,
  )
  return observations
}
