import type { Pdu } from '@roomserver/events'
import { checkDeparted } from './check-departed.ts'
import { checkOpenInvites } from './check-invites.ts'
import { checkWorld } from './checks.ts'
import { crowd, hasCrowd } from './crowd.ts'
import type { Figures } from './figures.ts'
import { heal } from './heal.ts'
import { lie, twister } from './liars.ts'
import { Dice } from '@roomserver/testing'
import { traceOf } from './trace.ts'
import { announce, deliverDue } from './transport.ts'
import { type TroubleChoice, troubleOf } from './trouble.ts'
import { userActs } from './users.ts'
import { openWorld } from './open-world.ts'
import type { World } from './world.ts'

export interface RunOptions {
  readonly seed: number
  readonly steps: number
  readonly servers: number
  /** `mixed` unless it is said. */
  readonly trouble?: TroubleChoice
  /** Which steps are done; all, unless a history is being shortened. */
  readonly only?: ReadonlySet<number>
}

export interface RunResult {
  readonly figures: Figures
  readonly problems: readonly string[]
  /** Every event that was made, in that order. */
  readonly events: readonly Pdu[]
  /** The same for every run with the same options; see `traceOf`. */
  readonly trace: string
}

const MAX_PASS_MS = 600

/** One simulated world from its beginning to its end, checked. The same options give the same result. */
export async function run({ seed, steps, servers, trouble, only }: RunOptions): Promise<RunResult> {
  const world = await openWorld(seed, servers, troubleOf(seed, trouble ?? 'mixed'))
  let trace = ''
  try {
    if (servers > 2 && world.dice.chance(world.trouble.dishonest)) corruptLast(world)
    for (let step = 0; step < steps; step++) {
      if (only !== undefined && !only.has(step)) continue
      world.dice = new Dice(seed, step)
      await doStep(world)
      if (world.problems.length > 0) break
      await checkDeparted(world)
      await checkOpenInvites(world)
    }
    world.dice = new Dice(seed, steps)
    trace = await end(world, seed)
  } finally {
    await world.close()
  }
  return { figures: world.figures, problems: world.problems, events: [...world.events.values()], trace }
}

/**
 * Ends all trouble, and checks the world.
 *
 * @returns its trace
 */
async function end(world: World, seed: number): Promise<string> {
  await checkDeparted(world)
  await heal(world)
  if (hasCrowd(seed)) await crowd(world)
  if (world.isStuck) return ''
  await checkWorld(world)
  return await traceOf(world)
}

/** Something happens; then what has arrived is delivered. Each step has dice of its own, so that any can be left out. */
async function doStep(world: World): Promise<void> {
  const { dice, network } = world
  const { parting, healing, dying, rising, lying } = world.trouble
  const kind = dice.among(parting, healing, dying, rising, lying)
  if (kind === 0) {
    const names = world.servers.map(({ name }) => name)
    network.cut(names, dice)
  } else if (kind === 1) network.heal()
  else if (kind === 2) dice.pick(world.servers).dieSoon(dice.below(4), dice.chance(50))
  else if (kind === 3) await bringUp(world)
  else if (kind === 4) await lieOrAct(world)
  else await userActs(world, dice.pick(world.servers))
  network.pass(dice.below(MAX_PASS_MS))
  await deliverDue(world)
}

async function bringUp(world: World): Promise<void> {
  for (const server of world.servers) {
    if (!server.isDown) continue
    await server.goUp()
    await announce(world, server)
  }
}

function corruptLast(world: World): void {
  const last = world.servers.at(-1)
  if (last !== undefined) world.corrupt(last, twister(world))
}

async function lieOrAct(world: World): Promise<void> {
  const { dice, honest, servers } = world
  const liar = servers.find((server) => !honest.includes(server))
  await (liar === undefined ? userActs(world, dice.pick(servers)) : lie(world, liar))
}
