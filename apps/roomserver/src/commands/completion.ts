import { RoomserverError } from '@roomserver/types'
import { Command } from 'commander'

/** A command as a shell completes it. */
interface Completed {
  readonly name: string
  readonly description: string
  /** What can follow it: commands below it, and options. */
  readonly words: readonly Word[]
}

interface Word {
  readonly word: string
  readonly description: string
}

const SHELLS: Readonly<Record<string, (commands: readonly Completed[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
}

/**
 * `roomserver completion`
 *
 * @param program - whose commands are completed
 */
export function completionCommand(program: Command): Command {
  return new Command('completion')
    .argument('<shell>', 'bash, zsh or fish')
    .description('print a script that completes commands and options in a shell')
    .addHelpText(
      'after',
      `
Examples:
  roomserver completion bash > ~/.local/share/bash-completion/completions/roomserver
  roomserver completion zsh > ~/.zfunc/_roomserver       (a folder of fpath)
  roomserver completion fish > ~/.config/fish/completions/roomserver.fish`,
    )
    .action((shell: string) => {
      const script = Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined
      if (script === undefined) throw unknownShell(shell)
      process.stdout.write(script(program.commands.map(completed)))
    })
}

function unknownShell(shell: string): RoomserverError<'INVALID_ARGUMENT'> {
  const expected = Object.keys(SHELLS).join(', ')
  return new RoomserverError(
    'INVALID_ARGUMENT',
    { argument: 'shell', expected },
    `${JSON.stringify(shell)} is not one of ${expected}`,
  )
}

function completed(command: Command): Completed {
  return { name: command.name(), description: command.description(), words: wordsOf(command) }
}

/** Commands below a command, its options, and those of the commands below. */
function wordsOf(command: Command): readonly Word[] {
  const below = command.commands.map((one) => ({ word: one.name(), description: one.description() }))
  const options = [command, ...command.commands].flatMap((one) =>
    one.options.map(({ long, short, description }) => ({ word: long ?? short ?? '', description })),
  )
  const words = [...below, ...options, { word: '--help', description: 'print help' }]
  return [...new Map(words.map((one) => [one.word, one])).values()]
}

function bashScript(commands: readonly Completed[]): string {
  const list = (words: readonly string[]) => quoted(words.join(' '))
  const cases = commands.map(
    ({ name, words }) => `    *:${name}) words=${list(words.map(({ word }) => word))} ;;`,
  )
  return `# Completes roomserver in bash; where nothing matches, names of files.
_roomserver() {
  local words
  case "$COMP_CWORD:\${COMP_WORDS[1]}" in
    1:*) words=${list(commands.map(({ name }) => name))} ;;
${cases.join('\n')}
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}")
}
complete -o default -F _roomserver roomserver
`
}

function zshScript(commands: readonly Completed[]): string {
  const described = (word: string, description: string) =>
    quoted(`${word.replaceAll(':', '\\:')}:${description}`)
  const all = commands.map(({ name, description }) => `    ${described(name, description)}`)
  const cases = commands.map(
    ({ name, words }) =>
      `    ${name}) words_=(${words.map(({ word, description }) => described(word, description)).join(' ')}) ;;`,
  )
  return `#compdef roomserver
# Completes roomserver in zsh, and names of files.
_roomserver() {
  local -a words_
  if (( CURRENT == 2 )); then
    words_=(
${all.join('\n')}
    )
    _describe 'command' words_
    return
  fi
  case $words[2] in
${cases.join('\n')}
  esac
  _describe 'option' words_
  _files
}
compdef _roomserver roomserver
`
}

function fishScript(commands: readonly Completed[]): string {
  const lines = commands.flatMap(({ name, description, words }) => [
    `complete -c roomserver -n __fish_use_subcommand -a ${name} -d ${quoted(description)}`,
    ...words.map(
      ({ word, description: says }) =>
        `complete -c roomserver -n ${quoted(`__fish_seen_subcommand_from ${name}`)} ${option(word)} -d ${quoted(says)}`,
    ),
  ])
  return `# Completes roomserver in fish.\n${lines.join('\n')}\n`
}

function option(word: string): string {
  if (word.startsWith('--')) return `-l ${word.slice(2)}`
  return word.startsWith('-') ? `-s ${word.slice(1)}` : `-a ${word}`
}

/** A word of any of the shells: nothing in it means anything to them. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
