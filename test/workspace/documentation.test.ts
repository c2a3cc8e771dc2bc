import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
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

it('lists every decision', () => {
  const pages = filesBelow('docs/decisions', ['.md']).map((path) => path.replace('docs/decisions/', ''))
  const listed = [...readText('docs/decisions/README.md').matchAll(/\]\((\d{4}-[^)]+)\)/g)].map(
    ([, page]) => page,
  )
  expect(new Set(listed)).toEqual(new Set(pages.filter((page) => page !== 'README.md')))
})
