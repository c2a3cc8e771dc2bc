import type { InspectionApi } from '@roomserver/api'
import type { Command } from 'commander'
import { type InspectionOptions, withInspectionOptions } from './inspection-options.ts'
import { openInspection } from './open-inspection.ts'
import { type Terminal, terminalOf } from './terminal.ts'

/** A question of a command, and how its answer is shown. */
export interface Question<Options, Answer> {
  readonly ask: (api: InspectionApi, args: readonly string[], options: Options) => Promise<Answer>
  readonly show: (answer: Answer, terminal: Terminal, options: Options) => string
}

/** Completes a command that puts one question and prints the answer, for people or as JSON. */
export function answering<Options extends object, Answer>(
  command: Command,
  { ask, show }: Question<Options, Answer>,
): Command {
  return withInspectionOptions(command).action(async (...given: unknown[]) => {
    const options = command.opts<InspectionOptions & Options>()
    const args = given
      .slice(0, command.registeredArguments.length)
      .map((one) => (typeof one === 'string' ? one : ''))
    await using inspection = await openInspection(options)
    for (const fault of inspection.faults) process.stderr.write(`${fault}\n`)
    const answer = await ask(inspection.api, args, options)
    const text =
      options.json === true
        ? JSON.stringify(answer, null, 2)
        : show(answer, terminalOf(process.stdout, process.env), options)
    process.stdout.write(`${text}\n`)
  })
}
