import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { roomserverEndpoints } from '../../packages/api/src/index.ts'
import { ROOM_VERSIONS } from '../../packages/version/src/index.ts'
import { errorsPage } from '../../scripts/print-errors.ts'
import { filesBelow, ROOT, readText } from './packages.ts'

const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  ...['docs', 'packages', 'apps'].flatMap((folder) => filesBelow(folder, ['.md'])),
]

it('has an up-to-date page of failures; if not, run node scripts/print-errors.ts', () => {
  expect(readText('docs/errors.md')).toBe(errorsPage())
})

it.each(PAGES)('%s links to files that exist', (page) => {
  const targets = [...readText(page).matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(([, target]) => target ?? '')
  const broken = targets.filter(
    (target) => !/^[a-z]+:/.test(target) && !existsSync(join(ROOT, dirname(page), target)),
  )
  expect(broken).toEqual([])
})

/** The anchors of a page, as GitHub and the site make them of its headings. */
function anchorsOf(page: string): ReadonlySet<string> {
  const headings = [...readText(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading.replaceAll(/\]\([^)]*\)/g, ''),
  )
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  )
}

it.each(PAGES)('%s links to headings that exist', (page) => {
  const links = [...readText(page).matchAll(/\]\(([^)#\s]*)#([^)\s]+)\)/g)]
  const broken = links.filter(([, target = '', anchor = '']) => {
    const path = target === '' ? page : join(dirname(page), target)
    return path.endsWith('.md') && !/^[a-z]+:/.test(target) && !anchorsOf(path).has(anchor)
  })
  expect(broken.map(([link]) => link)).toEqual([])
})

it('lists every decision', () => {
  const pages = filesBelow('docs/decisions', ['.md']).map((path) => path.replace('docs/decisions/', ''))
  const listed = [...readText('docs/decisions/README.md').matchAll(/\]\((\d{4}-[^)]+)\)/g)].map(
    ([, page]) => page,
  )
  expect(new Set(listed)).toEqual(new Set(pages.filter((page) => page !== 'README.md')))
})

it('counts the operations as the table of endpoints does', () => {
  const counts = PAGES.flatMap((page) =>
    [...readText(page).matchAll(/\b(\d+) operations\b/g)].map(([, count]) => `${page}: ${count}`),
  )
  const count = Object.keys(roomserverEndpoints).length
  expect(counts).toEqual([`packages/api/README.md: ${count}`])
})

it('names the newest room version where it says which there are', () => {
  const numbers = [...ROOM_VERSIONS.values()]
    .filter(({ stability }) => stability === 'stable')
    .map(({ version }) => Number(version))
  const ranges = [
    ...PAGES.filter((page) => page.endsWith('README.md')),
    'packages/version/package.json',
  ].flatMap((page) =>
    [...readText(page).matchAll(/versions\W+(?:\w+\W+){0,4}?1 to (\d+)/g)].map(
      ([, last]) => `${page}: ${last}`,
    ),
  )
  expect(ranges.length).toBeGreaterThan(5)
  expect(ranges.filter((one) => !one.endsWith(`: ${Math.max(...numbers)}`))).toEqual([])
})

it('names a test that exists for whatever docs/features.md says is implemented', () => {
  const rows = readText('docs/features.md')
    .split('\n')
    .filter((line) => /^\| (?!feature|---)/.test(line))
    .map((line) => line.split(' | '))
  expect(rows.length).toBeGreaterThan(30)
  const untested = rows.filter(([what = '', state = '', tests = '']) => {
    const files = [...tests.matchAll(/\]\(\.\.\/([^)]+\.test\.ts)\)/g)].map(([, file]) => file ?? '')
    const isHere = /\bimplemented\b/.test(state.replaceAll('not implemented', '')) || files.length > 0
    return (
      what === '' || (isHere && (files.length === 0 || files.some((file) => !existsSync(join(ROOT, file)))))
    )
  })
  expect(untested).toEqual([])
})
