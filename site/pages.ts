import { readdirSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '..')

const pagesIn = (folder: string): readonly string[] =>
  readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith('.md') && name !== 'README.md')
    .map((name) => `${folder}/${name}`)

/** The pages beside the API reference, relative to the root, by groups, in the order in which they are listed. */
export const PAGES: Readonly<Record<string, readonly string[]>> = {
  Concepts: ['docs/ARCHITECTURE.md', 'docs/algorithms.md', 'docs/state-dags.md', 'docs/glossary.md'],
  'Inside a room': [
    'docs/playground.md',
    'docs/inspector.md',
    'docs/stories/README.md',
    ...pagesIn('docs/stories'),
  ],
  Embedding: ['docs/embedding.md', 'examples/README.md'],
  Extending: ['docs/extending.md', 'docs/own-store.md'],
  Operating: [
    'docs/operations.md',
    'docs/configuration.md',
    'docs/cli.md',
    'docs/upgrade.md',
    'docs/reliability.md',
    'docs/performance.md',
  ],
  'Moving from Dendrite': ['docs/drop-in.md', 'docs/differences.md'],
  'For reference': [
    'docs/features.md',
    'docs/errors.md',
    'docs/rules.md',
    'docs/schema.md',
    'docs/spec-notes.md',
  ],
  Contributing: ['CONTRIBUTING.md', 'docs/testing.md', 'docs/publishing.md'],
  Decisions: ['docs/decisions/README.md', ...pagesIn('docs/decisions')],
}

/** The packages with an API, in the order in which they are listed: what people begin with comes first. */
export const PACKAGES: readonly string[] = [
  'engine',
  'auth',
  'events',
  'state',
  'acls',
  'version',
  'types',
  'api',
  'inspect',
  'inthttp',
  'storage',
  'storage-contract',
  'producers',
  'core',
]
