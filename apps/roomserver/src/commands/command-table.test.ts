import { expect, it } from 'vitest'
import { COMMANDS } from './command-table.ts'

it.each(COMMANDS)('loads the commands $names', async ({ load, names }) => {
  const commands = await load()
  expect(commands.map((command) => command.name())).toEqual(names)
})
