import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { readText } from '../workspace/packages.ts'
import { OUTPUT } from './output.ts'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '../..')

const PROGRAMS = readdirSync(join(ROOT, 'examples')).filter((name) => name.endsWith('.ts'))

it.each(PROGRAMS)('%s prints what it should', async (name) => {
  const { stdout } = await run(process.execPath, [
    '--conditions=@roomserver/source',
    join(ROOT, 'examples', name),
  ])
  expect(stdout.trimEnd().split('\n')).toEqual(OUTPUT[name])
})

it('are listed with their length', () => {
  const listed = [
    ...readText('examples/README.md').matchAll(/^\| \[([a-z-]+\.ts)\]\(\1\) \|.*\| (\d+) \|$/gm),
  ]
  const lengths = listed.map(([, name = '', lines]) => [name, Number(lines)])
  expect(new Map(lengths as [string, number][])).toEqual(
    new Map(PROGRAMS.map((name) => [name, codeLines(readText(`examples/${name}`)).length])),
  )
})

it('are as short for each task as the table says', () => {
  const readme = readText('examples/README.md')
  const [, table = ''] = readme.split('| lines with the peer |')
  const counts = [...table.matchAll(/^\| (.+?) \| (\d+) \|/gm)].map(([, task, lines]) => [
    task,
    Number(lines),
  ])
  const programs = [...readme.matchAll(/^```ts.*\n\/\/ (.+)\n([\s\S]*?)^```/gm)].map(
    ([, task, code = '']) => [task, codeLines(code).filter((line) => !line.startsWith('declare ')).length],
  )
  expect(counts.length).toBeGreaterThan(3)
  expect(counts).toEqual(programs)
})

function codeLines(code: string): readonly string[] {
  return code.split('\n').filter((line) => !/^\s*(\/\/.*|\/\*\*.*\*\/)?$/.test(line))
}
