import { isFailure, systemClock } from '@roomserver/types'
import { Command } from 'commander'
import type { Config } from '../config/config.ts'
import { examine } from '../doctor/examine.ts'
import { type DoctorFinding, error } from '../doctor/finding.ts'
import { existingConfigOf } from './server-config.ts'
import { type ServerOptions, withServerOptions } from './server-options.ts'

interface DoctorOptions extends ServerOptions {
  readonly json?: true
}

/** `roomserver doctor` */
export function doctorCommand(): Command {
  return withServerOptions(new Command('doctor'))
    .option('--json', 'print the findings as JSON')
    .description('look for what an operator should put right; changes nothing')
    .addHelpText('after', '\nExit status: 0 nothing was found, 1 somebody has to act, 2 warnings only.')
    .action(doctor)
}

async function doctor(options: DoctorOptions): Promise<void> {
  const findings = await found(options)
  const isError = findings.some(({ severity }) => severity === 'error')
  process.exitCode = isError ? 1 : findings.length > 0 ? 2 : 0
  const text = options.json === true ? JSON.stringify({ findings }, null, 2) : textOf(findings)
  process.stdout.write(`${text}\n`)
}

async function found(options: ServerOptions): Promise<readonly DoctorFinding[]> {
  let config: Config
  try {
    config = await existingConfigOf(options)
  } catch (failure) {
    if (!isFailure(failure)) throw failure
    return [
      error(
        'configuration',
        failure.message,
        'the server does not start',
        'correct it; docs/configuration.md has all keys',
      ),
    ]
  }
  return await examine(config, systemClock.now())
}

function textOf(findings: readonly DoctorFinding[]): string {
  const texts = findings.map(
    ({ severity, code, what, means, remedy }) =>
      `${severity}: ${what} [${code}]\n    means: ${means}\n    remedy: ${remedy}`,
  )
  return [...texts, findings.length === 0 ? 'nothing was found' : `${findings.length} findings`].join('\n')
}
