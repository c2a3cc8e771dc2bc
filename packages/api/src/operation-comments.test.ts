import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import {
  administrationEndpoints,
  appserviceEndpoints,
  federationEndpoints,
  inspectionEndpoints,
  policyServerEndpoints,
  roomserverEndpoints,
  userEndpoints,
} from './index.ts'

const TABLES = {
  ...roomserverEndpoints,
  ...inspectionEndpoints,
  ...administrationEndpoints,
  ...federationEndpoints,
  ...userEndpoints,
  ...appserviceEndpoints,
  ...policyServerEndpoints,
}

// Editors show what stands above an operation in its table wherever it is called.
it('says above each operation what its summary says', () => {
  const sources = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(join(import.meta.dirname, name), 'utf8'))
  const text = sources
    .join('\n')
    .replaceAll(/\n *\* /g, ' ')
    .replaceAll(/\s+/g, ' ')
  const silent = Object.entries(TABLES).filter(
    ([name, { summary }]) => !text.includes(`/** ${summary} */ ${name}: `),
  )
  expect(silent.map(([name]) => name)).toEqual([])
})
