import type { Command } from 'commander'

/** Adds the options that say where the reference's programs are: a command's `ReferenceOptions`. */
export function withReferenceOption(command: Command): Command {
  return command
    .option(
      '--reference <folder>',
      "folder with the reference's ready programs; ROOMSERVER_REFERENCE names one as well",
    )
    .option('--no-reference', 'leave the reference out')
}
