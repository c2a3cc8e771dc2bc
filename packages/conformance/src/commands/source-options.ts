import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Command } from 'commander'

const ARCHIVE = join(import.meta.dirname, '../../../../../shared/interop/dendrite-c45d0936b5.tar.gz')

/** Adds the options that say where the reference's components come from: a command's `ComponentSource`. */
export function withSourceOptions(command: Command): Command {
  return command
    .option('--from <source>', "folder or archive of the reference's source", ARCHIVE)
    .option('--cache <folder>', 'where built components are kept', join(tmpdir(), 'roomserver-interop-cache'))
}
