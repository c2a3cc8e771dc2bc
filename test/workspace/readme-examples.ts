import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { filesBelow, ROOT, readText } from './packages.ts'

/** A program in a README, and what it should print. */
export interface Example {
  /** For the test's name: `packages/acls/README.md:12`. */
  readonly where: string
  /** The file it was written to, relative to the root. */
  readonly file: string
  readonly code: string
  readonly expected: string
  /** A test file, which is type-checked only: `ts test` stands at its beginning. */
  readonly isTest: boolean
}

const BLOCK = /^```ts( test)?\n([\s\S]*?)^```\n(?:\s*(?:[^`\n]*\n\s*)?^```text\n([\s\S]*?)^```)?/gm

/** Examples of every README and of the documentation. Those outside of packages run as if the app had written them. */
export function readExamples(): readonly Example[] {
  const pages = ['packages', 'apps', 'docs', 'examples'].flatMap((folder) => filesBelow(folder, ['.md']))
  return ['README.md', 'CONTRIBUTING.md', ...pages].flatMap(examplesOf)
}

function examplesOf(page: string): readonly Example[] {
  const text = readText(page)
  const home = page.endsWith('README.md') && page.includes('/') ? dirname(page) : 'apps/roomserver'
  const slug = page.replace(/[^a-zA-Z]+/g, '-').toLowerCase()
  return [...text.matchAll(BLOCK)].map((match, index) => ({
    where: `${page}:${text.slice(0, match.index).split('\n').length}`,
    file: `${home}/.cache/examples/${slug}-${index + 1}.ts`,
    isTest: match[1] !== undefined,
    code: match[2] ?? '',
    expected: match[3] ?? '',
  }))
}

const COMMENT = /^ \* @example\n(?: \* ```ts\n((?: \*.*\n)*?) \* ```\n)?/gm

/** Examples of doc comments, which are type-checked; one that is not a code block has no code. */
export function readCommentExamples(): readonly Example[] {
  return filesBelow('packages', ['.ts']).flatMap((path) => {
    const text = readText(path)
    const [home = ''] = /^packages\/[^/]+/.exec(path) ?? []
    const slug = path.replace(/[^a-zA-Z]+/g, '-').toLowerCase()
    return [...text.matchAll(COMMENT)].map((match, index) => ({
      where: `${path}:${text.slice(0, match.index).split('\n').length}`,
      file: `${home}/.cache/examples/${slug}-${index + 1}.ts`,
      isTest: true,
      code: (match[1] ?? '').replaceAll(/^ \* ?/gm, ''),
      expected: '',
    }))
  })
}

/** Writes the programs where their imports resolve, and a project that type-checks all of them. */
export function writeExamples(examples: readonly Example[]): string {
  for (const folder of new Set(examples.map(({ file }) => dirname(file)))) {
    rmSync(join(ROOT, folder), { recursive: true, force: true })
    mkdirSync(join(ROOT, folder), { recursive: true })
  }
  for (const { file, code } of examples) writeFileSync(join(ROOT, file), code)
  const project = join(ROOT, '.cache/examples/tsconfig.json')
  mkdirSync(dirname(project), { recursive: true })
  const options = {
    composite: false,
    incremental: false,
    noEmit: true,
    declaration: false,
    declarationMap: false,
  }
  const files = examples.map(({ file }) => join(ROOT, file))
  writeFileSync(
    project,
    JSON.stringify({
      extends: '../../tsconfig.base.json',
      // As users see the packages: by the types that were built, not by their sources, which have been checked.
      compilerOptions: { ...options, customConditions: [], typeRoots: ['../../node_modules/@types'] },
      files,
    }),
  )
  return project
}
