import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type PublishedPackage, publishedPackages } from './published-packages.ts'

const ROOT = join(import.meta.dirname, '..')
const BIN = join(ROOT, 'node_modules/.bin')
const isDryRun = process.argv.includes('--dry-run')

// Everything but the upload is done for all packages before the first one is uploaded.
run('npx', ['-y', String(packageManager()), 'run', 'build'])
const folder = mkdtempSync(join(tmpdir(), 'roomserver-release-'))
const tarballs = publishedPackages().map((each) => ({ ...each, tarball: pack(each) }))
for (const { tarball } of tarballs) {
  run(join(BIN, 'publint'), ['--strict', tarball])
  // Node.js 20.19 and later load ES modules by require; the resolution of Node.js 10 knows no exports.
  run(join(BIN, 'attw'), [
    tarball,
    '--profile',
    'node16',
    '--ignore-rules',
    'cjs-resolves-to-esm',
    '--format',
    'ascii',
  ])
}
console.log('\npackage, version, packed kB')
for (const { name, tarball, version } of tarballs) {
  console.log(`${name} ${version} ${Math.round(statSync(tarball).size / 1024)}`)
}
if (isDryRun) console.log(`\nnothing was uploaded; the tarballs are in ${folder}`)
else for (const { tarball } of inOrder(tarballs)) upload(tarball)

/** `pnpm pack` puts the versions in place of `workspace:` and `catalog:`. */
function pack({ folder: source, name }: PublishedPackage): string {
  const target = join(folder, name.replace('@', '').replace('/', '-'))
  mkdirSync(target)
  run('npx', ['-y', String(packageManager()), 'pack', '--pack-destination', target], join(ROOT, source))
  const [tarball = ''] = readdirSync(target)
  const files = execFileSync('tar', ['-tzf', join(target, tarball)], { encoding: 'utf8' }).split('\n')
  const tests = files.filter((file) => /\.(test|bench)\.|\/test\//.test(file))
  const missing = ['README.md', 'LICENSE', 'CHANGELOG.md'].filter(
    (file) => !files.includes(`package/${file}`),
  )
  if (tests.length > 0 || missing.length > 0)
    throw new Error(`${name}: the tarball has tests (${tests.join(', ')}) or lacks ${missing.join(', ')}`)
  return join(target, tarball)
}

/** Each package after those that it depends on, so that an upload that ends early leaves nothing that cannot be installed. */
function inOrder<Each extends PublishedPackage>(packages: readonly Each[]): readonly Each[] {
  const ordered: Each[] = []
  const visit = (each: Each): void => {
    if (ordered.includes(each)) return
    const needed = Object.keys((each.manifest['dependencies'] ?? {}) as Readonly<Record<string, string>>)
    for (const other of packages) if (needed.includes(other.name)) visit(other)
    ordered.push(each)
  }
  for (const each of packages) visit(each)
  return ordered
}

/** The provenance says which commit and which workflow made the tarball; it needs to run in CI. */
function upload(tarball: string): void {
  run('npm', ['publish', tarball, '--access', 'public', '--provenance'])
}

function packageManager(): unknown {
  const manifest: unknown = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  return (manifest as Readonly<Record<string, unknown>>)['packageManager']
}

function run(command: string, args: readonly string[], cwd = ROOT): void {
  console.log(`$ ${command} ${args.join(' ')}`)
  execFileSync(command, args, { cwd, stdio: 'inherit' })
}
