import { expect, it } from 'vitest'
import { publishedPackages } from '../../scripts/published-packages.ts'
import { PACKAGES, PAGES } from '../../site/pages.ts'
import { filesBelow } from './packages.ts'

it('shows the API of every published package', () => {
  const published = publishedPackages().filter(({ folder }) => folder.startsWith('packages/'))
  expect(PACKAGES.map((name) => `packages/${name}`).toSorted()).toEqual(
    published.map(({ folder }) => folder).toSorted(),
  )
})

it('shows every page of docs, once', () => {
  const shown = Object.values(PAGES).flat()
  expect(shown.filter((page) => page.startsWith('docs/')).toSorted()).toEqual(
    filesBelow('docs', ['.md']).toSorted(),
  )
})
