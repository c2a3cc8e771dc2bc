import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { COMMANDS } from './command-table.ts'

it.each(COMMANDS)('loads the commands $names', async ({ load, names }) => {
  const commands = await load()
  expect(commands.map((command) => command.name())).toEqual(names)
})

/** The packages that are loaded with a file of the program, which is what makes a start long. */
function packagesOf(file: string, seen = new Set<string>()): ReadonlySet<string> {
  const packages = new Set<string>()
  if (seen.has(file)) return packages
  seen.add(file)
  const source = readFileSync(file, 'utf8')
  for (const [, from = ''] of source.matchAll(/^(?:import|export) (?!type )(?:[^'"]*? from )?'([^']+)'/gm)) {
    if (!from.startsWith('.')) packages.add(from)
    else for (const one of packagesOf(join(dirname(file), from), seen)) packages.add(one)
  }
  return packages
}

it.each(['inspect-commands', 'watch', 'export', 'administration-commands', 'repair'])(
  'loads neither the engine nor a database for %s, which may ask a running server',
  (name) => {
    const packages = packagesOf(join(import.meta.dirname, `${name}.ts`))
    expect([...packages]).toContain('@roomserver/inthttp')
    for (const heavy of ['core', 'engine', 'storage', 'producers'])
      expect([...packages]).not.toContain(`@roomserver/${heavy}`)
  },
)
