import { Drive, type Observation } from './drive.ts'
import type { Homeservers } from './homeserver.ts'
import { gather, type People, type Scenario } from './scenario.ts'
import { SCENARIOS } from './scenarios.ts'

/** Tells every story to a pair of homeservers. A story that breaks off leaves a note of why, and the next one goes on. */
export async function runStories(
  servers: Homeservers,
  only?: RegExp,
  stories?: readonly Scenario[],
): Promise<readonly Observation[]> {
  const drive = new Drive()
  return await runStoriesWith(drive, await gather(drive, servers), servers, only, stories)
}

/** The same to people who are there already. */
export async function runStoriesWith(
  drive: Drive,
  people: People,
  servers: Homeservers,
  only?: RegExp,
  stories: readonly Scenario[] = SCENARIOS,
): Promise<readonly Observation[]> {
  for (const scenario of stories) {
    if (only !== undefined && !only.test(scenario.name)) continue
    try {
      await scenario.run(drive, people, servers)
      drive.note(`${scenario.name}: told to its end`, 200, null)
    } catch (error) {
      drive.note(`${scenario.name}: told to its end`, 0, String(error))
    }
  }
  return drive.observations
}
