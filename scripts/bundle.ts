import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, type Plugin } from 'esbuild'

const ROOT = join(import.meta.dirname, '..')

/**
 * Puts programs for Node into a folder, each with all that it imports, from the sources: Node reads a few files in a fraction
 * of the time that it takes for a thousand. What several programs import is there once.
 *
 * @param programs - TypeScript files, relative to the root of the workspace
 * @returns where a program is in the folder
 */
export async function bundle(
  programs: readonly string[],
  folder: string,
): Promise<(program: string) => string> {
  const require = `import { createRequire } from 'node:module'\nconst require = createRequire(${JSON.stringify(join(ROOT, 'apps/roomserver/package.json'))})`
  await build({
    entryPoints: programs.map((program) => join(ROOT, program)),
    outdir: folder,
    outbase: ROOT,
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
    minifyWhitespace: true,
    legalComments: 'none',
    plugins: [sourceUrls, nodeModules],
  })
  return (program) => join(folder, program.replace(/\.ts$/, '.mjs'))
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

/**
 * Has Node's own modules required instead of imported: for an import Node looks at every export of the module, which loads
 * what they come from, such as a whole HTTP client for `node:http`.
 */
const nodeModules: Plugin = {
  name: 'node-modules',
  setup(bundling) {
    bundling.onResolve({ filter: /^node:/ }, ({ kind, path }) =>
      kind === 'import-statement' ? { path, namespace: 'required' } : { path, external: true },
    )
    bundling.onLoad({ filter: /^/, namespace: 'required' }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)})`,
    }))
  },
}
