import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { PAGES } from './pages.ts'

const ROOT = join(import.meta.dirname, '..')
const COPIES = join(import.meta.dirname, '.cache/pages')
/** Where files of the repository are read that are not pages of the site. */
export const REPOSITORY = 'https://github.com/roomserver/roomserver/blob/main/'

/** The page that has the inspector in it, which `build.ts` copies into the site. */
const PLAYGROUND = 'docs/playground.md'
const INSPECTOR =
  '<iframe class="playground" src="../playground/index.html" title="Inspector of rooms"></iframe>\n'

const listed = new Set(Object.values(PAGES).flat())

/** The heading of a page, which is its title. */
export function titleOf(page: string): string {
  const [, title] = /^# (.+)$/m.exec(readFileSync(join(ROOT, page), 'utf8')) ?? []
  if (title === undefined) throw new Error(`${page} has no heading`)
  return title
}

/**
 * Copies the pages with their title and group before them, for the generator: links to other files of the repository lead to where
 * it is published.
 *
 * @returns the copies, in order
 */
export function copyPages(): readonly string[] {
  rmSync(COPIES, { recursive: true, force: true })
  return Object.entries(PAGES).flatMap(([group, pages]) => pages.map((page) => copyPage(page, group)))
}

/** The front page: the README of the repository, whose heading the generator puts above it. */
export function copyFrontPage(): string {
  return write('README.md', linked('README.md', read('README.md').replace(/^# .+\n/, '')))
}

function copyPage(page: string, group: string): string {
  const title = titleOf(page)
  const heading = `# ${title}\n`
  const body = read(page).replace(heading, page === PLAYGROUND ? `${heading}\n${INSPECTOR}` : heading)
  const head = `---\ntitle: ${JSON.stringify(title)}\ngroup: ${JSON.stringify(group)}\n---\n`
  return write(page, head + linked(page, body))
}

function write(page: string, text: string): string {
  const copy = join(COPIES, page)
  mkdirSync(dirname(copy), { recursive: true })
  writeFileSync(copy, text)
  return copy
}

const read = (page: string): string => readFileSync(join(ROOT, page), 'utf8')

/** A page whose links lead somewhere from its copy. */
function linked(page: string, text: string): string {
  return text.replaceAll(/\]\((?![a-z]+:|#)([^)#\s]+)([^)]*)\)/g, (_whole, target: string, rest: string) => {
    const path = relative(ROOT, join(ROOT, dirname(page), target))
    if (listed.has(path) || path === 'README.md') return `](${target}${rest})`
    if (path.startsWith('docs/images/'))
      return `](${relative(dirname(join(COPIES, page)), join(ROOT, path))}${rest})`
    if (!existsSync(join(ROOT, path))) throw new Error(`${page}: ${target} does not exist`)
    return `](${REPOSITORY}${path}${rest})`
  })
}
