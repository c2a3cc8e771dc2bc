import { glob, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from './find.ts'

/** A release of Debian whose packages are unpacked, and not installed, where those of this machine are too old. */
export const NEWER_RELEASE = 'trixie'

/** What is fetched of the newer release. */
export interface NewerPackage {
  readonly name: string
  /** Which of the packages that it depends on are unpacked with it, by the beginnings of their names. */
  readonly with?: readonly string[]
}

/** Fetches a package of the newer release and unpacks it into a folder. */
export async function unpackNewer(folder: string, wanted: NewerPackage): Promise<void> {
  const place = join(folder, 'apt')
  await mkdir(join(place, 'lists/partial'), { recursive: true })
  await mkdir(join(place, 'archives/partial'), { recursive: true })
  await writeFile(join(place, 'sources.list'), await sourceOfPackages())
  await writeFile(join(place, 'status'), '')
  const settings = {
    'Dir::Etc::SourceList': join(place, 'sources.list'),
    'Dir::Etc::SourceParts': '/dev/null',
    'Dir::State::Lists': join(place, 'lists'),
    'Dir::State::status': join(place, 'status'),
    'Dir::Cache::Archives': join(place, 'archives'),
    'Dir::Cache::pkgcache': '',
    'Dir::Cache::srcpkgcache': '',
    'APT::Install-Recommends': 'false',
    'Debug::NoLocking': 'true',
  }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])
  await run('apt-get', [...flags, 'update'])
  const archives = join(place, 'archives')
  if (wanted.with === undefined) await run('apt-get', [...flags, 'download', wanted.name], { cwd: archives })
  else await run('apt-get', [...flags, '-y', '--download-only', 'install', wanted.name])
  for (const name of [wanted.name, ...(wanted.with ?? [])])
    for await (const file of glob(join(archives, `${name}*.deb`))) await run('dpkg', ['-x', file, folder])
  await rm(place, { recursive: true })
}

/** Where this machine gets Debian's packages from, for the newer release. */
async function sourceOfPackages(): Promise<string> {
  const places = ['Label: Debian', 'Component: main']
  const [uri = ''] = (await run('apt-get', ['indextargets', '--format', '$(REPO_URI)', ...places])).split(
    '\n',
  )
  if (uri === '') throw new Error('no packages of Debian are configured')
  return `deb ${uri} ${NEWER_RELEASE} main\n`
}

/** Whether the first version in a text is not older than another. */
export function isNewEnough(text: string, oldest: readonly number[]): boolean {
  const found = (/\d+(?:\.\d+)*/.exec(text)?.[0] ?? '').split('.').map(Number)
  for (const [index, part] of oldest.entries()) {
    const own = found[index] ?? 0
    if (own !== part) return own > part
  }
  return true
}
