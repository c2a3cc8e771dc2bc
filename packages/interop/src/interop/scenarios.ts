import type { Scenario } from './scenario.ts'
import { brokenLink } from './scenarios/broken-link.ts'
import { directory } from './scenarios/directory.ts'
import { local } from './scenarios/every-version.ts'
import { federated } from './scenarios/federated.ts'
import { forks } from './scenarios/forks.ts'
import { invites } from './scenarios/invites.ts'
import { presets } from './scenarios/presets.ts'
import { restricted } from './scenarios/restricted.ts'
import { upgrade } from './scenarios/upgrade.ts'
import { watching } from './scenarios/watching.ts'

/** Every story, in the order it is told. */
export const SCENARIOS: readonly Scenario[] = [
  local,
  presets,
  directory,
  restricted,
  upgrade,
  invites,
  federated,
  forks,
  brokenLink,
  watching,
]
