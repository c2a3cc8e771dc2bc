import { setTimeout as wait } from 'node:timers/promises'
import { memoryOf, type Usage, measure } from '../federated/measure.ts'
import { type Circumstances, type Contender, withOurs } from '../load/side-by-side.ts'
import type { Attack, AttackGroup } from './attack.ts'
import { Prober, type Waits } from './prober.ts'

/** What one attack did. */
export interface Suffered {
  readonly group: string
  readonly attack: string
  /** `undefined`: the process ended under it. */
  readonly cost: (Usage & Waits) | undefined
  readonly said: string
}

/** How long the server has for what it does after an answer, before the next attack. */
const REST_MS = 1_000

/** Attacks a server of its own, one attack after another; a server that ends is replaced. */
export async function runAttacks(
  group: AttackGroup,
  circumstances: Circumstances,
  tell: (suffered: Suffered) => void,
): Promise<void> {
  const left = [...group.attacks]
  while (left.length > 0) {
    await withOurs(circumstances, async (server) => {
      await using prober = await Prober.start(server.url)
      for (let attack = left.shift(); attack !== undefined; attack = left.shift()) {
        const suffered = await suffer(group.name, attack, server, prober)
        tell(suffered)
        if (suffered.cost === undefined) return
      }
    })
  }
}

async function suffer(
  group: string,
  attack: Attack,
  { url, pid }: Contender,
  prober: Prober,
): Promise<Suffered> {
  await wait(REST_MS)
  await prober.take()
  let said = ''
  try {
    const usage = await measure(pid, async () => {
      said = await attack.run(url)
      await wait(REST_MS)
    })
    const waits = await prober.take()
    await memoryOf(pid)
    return { group, attack: attack.name, cost: { ...usage, ...waits }, said }
  } catch (error) {
    if (!isGone(error)) throw error
    return { group, attack: attack.name, cost: undefined, said }
  }
}

/** Whether something failed because the process is not there any more. */
function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && ['ENOENT', 'ESRCH'].includes(String(error.code))
}

/** A line of the table. */
export function attackRow({ group, attack, cost, said }: Suffered): string {
  const figures =
    cost === undefined
      ? ['**the process ended**', '', '', '']
      : [
          `${Math.round(cost.longestMs)}`,
          cost.failed > 0 ? `${cost.failed}` : '',
          cost.cpuSeconds.toFixed(1),
          `${cost.peakMiB}`,
        ]
  return `| ${[group, attack, ...figures, said.replaceAll('|', '\\|').replaceAll('\n', ' ')].join(' | ')} |`
}

export const ATTACK_HEAD = [
  '| kind | what is sent | others waited at most, ms | others refused | CPU, s | peak, MiB | what it is answered |',
  '| --- | --- | --- | --- | --- | --- | --- |',
].join('\n')
