import { createDatabase, startPostgres } from '@roomserver/testing'
import { Command } from 'commander'
import { answers } from '../hostile/answer-attacks.ts'
import { bodies, slowness } from '../hostile/body-attacks.ts'
import { connections } from '../hostile/connection-attacks.ts'
import { events, forks } from '../hostile/event-attacks.ts'
import { operations } from '../hostile/operation-attacks.ts'
import { ATTACK_HEAD, attackRow, runAttacks } from '../hostile/run-attacks.ts'

const GROUPS = [bodies, operations, slowness, connections, events, forks, answers]
const KINDS = GROUPS.map(({ name }) => name)

interface Options {
  readonly kinds: string
  readonly only?: string
  readonly store: string
}

/** `conformance hostile`: sends our server what somebody might send to stop it, and prints how others fared meanwhile. */
export function hostileCommand(): Command {
  return new Command('hostile')
    .description(
      'sends the built server hostile bodies, connections, events, forks and questions, and prints the longest wait of others and the peak of memory for each',
    )
    .option('--kinds <names>', KINDS.join(', '), KINDS.join(','))
    .option('--only <text>', 'only what has this text in its name')
    .option('--store <store>', 'sqlite or postgres', 'sqlite')
    .action(run)
}

async function run({ kinds, only = '', store }: Options): Promise<void> {
  await using owned = new AsyncDisposableStack()
  const postgresUrl =
    store === 'postgres'
      ? owned.use(await createDatabase(owned.use(await startPostgres({ durable: true })).url)).url
      : undefined
  const wanted = kinds.split(',')
  const rows: string[] = []
  for (const { name, attacks } of GROUPS) {
    if (!wanted.includes(name)) continue
    const group = { name, attacks: attacks.filter((attack) => attack.name.includes(only)) }
    await runAttacks(group, { serverName: 'a', postgresUrl }, (suffered) => {
      rows.push(attackRow(suffered))
      console.log(rows.at(-1))
    })
  }
  console.log([ATTACK_HEAD, ...rows].join('\n'))
}
