import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { Application } from 'typedoc'
import { faultsOf } from './check-site.ts'
import { copyFrontPage, copyPages, REPOSITORY, titleOf } from './copy-pages.ts'
import { PACKAGES, PAGES } from './pages.ts'

const ROOT = join(import.meta.dirname, '..')
const SITE = join(import.meta.dirname, 'dist')
const INSPECTOR = join(ROOT, 'apps/inspector/dist/page')

// One command makes the site: pages, API reference, playground; then all of its links are looked at.
const app = await Application.bootstrap({
  name: 'Roomserver',
  entryPointStrategy: 'packages',
  entryPoints: PACKAGES.map((name) => join(ROOT, 'packages', name)),
  packageOptions: {
    entryPoints: ['src/index.ts'],
    skipErrorChecking: true,
    excludePrivate: true,
    excludeInternal: true,
    sourceLinkTemplate: `${REPOSITORY}{path}#L{line}`,
    disableGit: true,
    basePath: ROOT,
    sort: ['kind', 'alphabetical'],
    // Types that only a package's own signatures name are shown where they are used.
    validation: { notExported: false },
  },
  projectDocuments: [...copyPages()],
  readme: copyFrontPage(),
  includeVersion: false,
  customCss: join(import.meta.dirname, 'site.css'),
  favicon: join(import.meta.dirname, 'favicon.svg'),
  sortEntryPoints: false,
  groupOrder: [...Object.keys(PAGES), '*'],
  searchInDocuments: true,
  searchGroupBoosts: { ...Object.fromEntries(Object.keys(PAGES).map((group) => [group, 5])), Functions: 2 },
  navigation: { includeGroups: true, includeCategories: true, includeFolders: false },
  navigationLinks: { Repository: 'https://github.com/roomserver/roomserver' },
  highlightLanguages: [
    'typescript',
    'javascript',
    'json',
    'jsonl',
    'bash',
    'sh',
    'yaml',
    'sql',
    'http',
    'ini',
    'dockerfile',
    'nginx',
    'text',
  ],
  validation: { notExported: false, invalidLink: true, invalidPath: true },
  hideGenerator: true,
  logLevel: 'Warn',
})
const project = await app.convert()
if (project === undefined) throw new Error('the API could not be read')
app.validate(project)
await app.generateDocs(project, SITE)
cpSync(INSPECTOR, join(SITE, 'playground'), { recursive: true })
linkPages()

const faults = faultsOf(SITE)
for (const fault of faults) console.error(fault)
if (faults.length > 0 || app.logger.hasErrors() || app.logger.hasWarnings()) process.exitCode = 1
else
  console.log(
    `the site is in ${relative(process.cwd(), SITE)}: open index.html, or put the folder on any web server`,
  )

/** READMEs of packages lead to pages by where they are published, as npm wants it; in the site they are at hand. */
function linkPages(): void {
  const documents = readdirSync(join(SITE, 'documents'))
  const fileOf = new Map(
    Object.values(PAGES)
      .flat()
      .map((page) => [page, documents.find((name) => isOf(name, titleOf(page)))] as const),
  )
  const home = (html: string, page: string): string =>
    html.replaceAll(
      new RegExp(`href="${REPOSITORY.replaceAll('.', '\\.')}([^"#]+)`, 'g'),
      (whole, path: string) => {
        const file = fileOf.get(path)
        return file === undefined ? whole : `href="${relative(dirname(page), join(SITE, 'documents', file))}`
      },
    )
  for (const name of readdirSync(SITE, { recursive: true, encoding: 'utf8' })) {
    const page = join(SITE, name)
    if (name.endsWith('.html') && existsSync(page))
      writeFileSync(page, home(readFileSync(page, 'utf8'), page))
  }
}

function isOf(file: string, title: string): boolean {
  return file === `${title.replaceAll(/[^A-Za-z0-9._-]/g, '_')}.html`
}
