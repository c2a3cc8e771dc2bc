import { type Link, WHOLE } from '../interop/proxies.ts'
import type { People, Scenario } from '../interop/scenario.ts'
import { ScenarioRun } from './scenario-run.ts'

export const ALL_VERSIONS: readonly string[] = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10']

/** Content of power levels with these users, in which everybody may set state. */
export function levels(users: Readonly<Record<string, number>>): {
  readonly users: Record<string, number>
  readonly state_default: number
} {
  return { users: { ...users }, state_default: 0 }
}

/** The wires into the homeservers. */
interface Links {
  readonly first: Link
  readonly second: Link
  readonly third: Link
}

/** A story of one room, told in rooms of several versions. */
export function story(
  name: string,
  versions: readonly string[],
  run: (room: ScenarioRun, people: Required<People>, links: Links, version: string) => Promise<void>,
): Scenario {
  return {
    name,
    async run(drive, { zoe, ...people }, servers) {
      const [first, second, third] = [servers[0].link, servers[1].link, servers[2]?.link]
      if (zoe === undefined || third === undefined) throw new Error('these stories need three homeservers')
      for (const version of versions) {
        const scenario = new ScenarioRun(drive, servers, `${name}${version}`)
        await run(scenario, { ...people, zoe }, { first, second, third }, version)
        for (const link of [first, second, third]) Object.assign(link, WHOLE)
      }
    },
  }
}
