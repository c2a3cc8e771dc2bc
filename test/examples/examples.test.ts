import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { readText } from '../workspace/packages.ts'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '../..')

/** What each program prints. */
const OUTPUT: Readonly<Record<string, readonly string[]>> = {
  'bot.ts': [
    'redact yes',
    'kick no: @bot:example.org has level 50, kicking @eve:evil.org needs 60 and more than 0',
    'ban yes',
  ],
  'level-mirror.ts': [
    '{"@alice:example.org":"owner","@bob:example.org":"admin","@carol:example.org":"moderator","@dave:example.org":"member"}',
  ],
  'moderation-check.ts': [
    '{"allow":["*"],"deny":["*.org"]}',
    '  would keep us out',
    '  would be refused: @mod:example.org has level 50, sending m.room.server_acl needs 100',
    '{"allow":["*"],"deny":["evil.com"]}',
    '  keeps us in',
    '  would be refused: @mod:example.org has level 50, sending m.room.server_acl needs 100',
  ],
  'state-reset.ts': ['$ban', expect.stringMatching(/\S/) as string, "MISSING_EVENTS [ '$bob', '$ban' ]"],
  'embedded-chat.ts': [
    'live: @alice:example.org hello',
    'live: @bob:example.org goodbye',
    'later: @alice:example.org still there?',
    'later: @bob:example.org goodbye',
    "[ 'goodbye', 'still there?' ]",
  ],
}
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
