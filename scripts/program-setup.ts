import { readFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, type Plugin } from 'esbuild'

const APP = join(import.meta.dirname, '../apps/roomserver')

/** The set-up runs for every project that starts the program, each with its own copy of this module. */
const holder = globalThis as { roomserverProgram?: Promise<string> | undefined }

/**
 * Puts the program into one file of a run, from its sources, for tests that start it again and again: Node reads one file
 * in a fraction of the time that it takes for a thousand. `TEST_PROGRAM` says where it is.
 */
export default async function setup(): Promise<void> {
  process.env['TEST_PROGRAM'] = await (holder.roomserverProgram ??= bundle())
}

async function bundle(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'roomserver-program-'))
  const require = `import { createRequire } from 'node:module'\nconst require = createRequire(${JSON.stringify(join(APP, 'package.json'))})`
  await build({
    entryPoints: [join(APP, 'src/index.ts')],
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    conditions: ['@roomserver/source'],
    // Native code that is not installed; the driver does without.
    external: ['pg-native'],
    // What packages in CommonJS call.
    banner: { js: require },
    keepNames: true,
    plugins: [sourceUrls],
  })
  return join(folder, 'index.mjs')
}

/** Has sources find the files beside them, wherever the program is. */
const sourceUrls: Plugin = {
  name: 'source-urls',
  setup(bundling) {
    bundling.onLoad({ filter: /\/(?:apps|packages)\/[^/]+\/src\/.*\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path))),
      loader: 'ts',
    }))
  },
}
