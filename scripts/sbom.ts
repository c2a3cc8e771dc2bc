import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

// node scripts/sbom.ts: the bill of materials of the program (CycloneDX 1.6) on standard output: what it is made of when it
// runs, with versions and licences. node scripts/sbom.ts --licences: a table of the licences.

const ROOT = join(import.meta.dirname, '..')
const OWN = '@roomserver/'

/** A package that the program is made of. */
interface Component {
  readonly name: string
  readonly version: string
  readonly licence: string
  readonly homepage: string | undefined
}

interface ListedPackage {
  readonly name: string
  readonly versions: readonly string[]
  readonly license: string
  readonly homepage?: string
}

/** The packages that are installed for the program, those of its own packages included. */
export function components(): readonly Component[] {
  const flags = ['licenses', 'list', '--prod', '--json', '--filter', '@roomserver/app...']
  const text = execFileSync('npx', ['-y', 'pnpm@12.21.0', ...flags], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  })
  const byLicence = JSON.parse(text) as Readonly<Record<string, readonly ListedPackage[]>>
  return Object.values(byLicence)
    .flat()
    .filter(({ name }) => !name.startsWith(OWN))
    .flatMap(({ name, versions, license: licence, homepage }) =>
      versions.map((version) => ({ name, version, licence, homepage })),
    )
    .toSorted((a, b) => (a.name === b.name ? compare(a.version, b.version) : compare(a.name, b.name)))
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

/** @see https://cyclonedx.org/docs/1.6/json/ */
export function billOfMaterials(parts: readonly Component[]): object {
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: { type: 'application', name: 'roomserver' } },
    components: parts.map(({ name, version, licence, homepage }) => ({
      type: 'library',
      'bom-ref': purl(name, version),
      name,
      version,
      purl: purl(name, version),
      licenses: [
        / (?:OR|AND|WITH) /.test(licence) ? { expression: licence } : { license: { name: licence } },
      ],
      ...(homepage !== undefined && { externalReferences: [{ type: 'website', url: homepage }] }),
    })),
  }
}

/** @see https://github.com/package-url/purl-spec */
function purl(name: string, version: string): string {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`
}

/** Each licence with the packages that are under it. */
export function licenceTable(parts: readonly Component[]): string {
  const licences = [...new Set(parts.map(({ licence }) => licence))].toSorted(compare)
  const rows = licences.map((licence) => {
    const under = parts.filter((part) => part.licence === licence)
    return `| ${licence} | ${under.map(({ name, version }) => `${name} ${version}`).join(', ')} |`
  })
  return ['| licence | packages |', '| --- | --- |', ...rows].join('\n')
}

if (import.meta.main) {
  const parts = components()
  const isTable = process.argv.includes('--licences')
  process.stdout.write(`${isTable ? licenceTable(parts) : JSON.stringify(billOfMaterials(parts), null, 2)}\n`)
}
