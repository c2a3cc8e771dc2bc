import { execFileSync } from 'node:child_process'
import { Command } from 'commander'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { completionCommand } from './completion.ts'

let printed: string
beforeEach(() => {
  printed = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text)
    return true
  })
})
afterEach(() => vi.restoreAllMocks())

async function scriptFor(shell: string): Promise<string> {
  const program = new Command('roomserver').exitOverride()
  program.addCommand(new Command('serve').description('serve').option('-c, --config <file>', "whose it's"))
  program.addCommand(
    new Command('key').description('keys').addCommand(new Command('create').option('--force', 'anew')),
  )
  program.addCommand(completionCommand(program))
  await program.parseAsync(['node', 'roomserver', 'completion', shell])
  return printed
}

it('completes commands, and what can follow them, in bash', async () => {
  const script = await scriptFor('bash')
  const complete = (...words: string[]): string => {
    const list = words.map((word) => `'${word}'`).join(' ')
    const line = `COMP_WORDS=(${list}); COMP_CWORD=${words.length - 1}; _roomserver; echo "\${COMPREPLY[@]}"`
    return execFileSync('bash', ['-c', `${script}\n${line}`], { encoding: 'utf8' }).trim()
  }
  expect(complete('roomserver', '')).toBe('serve key completion')
  expect(complete('roomserver', 's')).toBe('serve')
  expect(complete('roomserver', 'serve', '--c')).toBe('--config')
  expect(complete('roomserver', 'key', '')).toBe('create --force --help')
  expect(complete('roomserver', 'nothing', '')).toBe('')
})

it('describes commands and options to zsh and fish, with quotes that end where they should', async () => {
  expect(await scriptFor('zsh')).toContain(`'--config:whose it'\\''s'`)
  expect(printed).toContain(`    'serve:serve'\n`)
  printed = ''
  expect(await scriptFor('fish')).toContain(
    `complete -c roomserver -n '__fish_seen_subcommand_from serve' -l config -d 'whose it'\\''s'`,
  )
  expect(printed).toContain(`complete -c roomserver -n __fish_use_subcommand -a key -d 'keys'`)
})

it('knows no other shell', async () => {
  await expect(scriptFor('toString')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
})
