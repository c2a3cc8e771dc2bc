import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** A copy of the workspace in which code may be changed. */
export interface WorkspaceCopy extends AsyncDisposable {
  readonly folder: string
}

/**
 * Copies what git knows of the workspace, with changes that are not committed, into a temporary folder. Dependencies are
 * linked; links between packages lead to the packages of the copy.
 */
export async function copyWorkspace(root: string): Promise<WorkspaceCopy> {
  // A folder deep enough that what tests read beside the project lies beside the copy as well.
  const base = await mkdtemp(join(tmpdir(), 'roomserver-mutate-'))
  const folder = join(base, 'project')
  await mkdir(folder)
  const listed = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  })
  const files = listed.stdout.split('\0').filter((file) => file !== '' && existsSync(join(root, file)))
  for (const file of files) {
    await mkdir(dirname(join(folder, file)), { recursive: true })
    await cp(join(root, file), join(folder, file), { verbatimSymlinks: true })
  }
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  for (const manifest of files.filter((file) => file.endsWith('/package.json'))) {
    const modules = join(dirname(manifest), 'node_modules')
    if (existsSync(join(root, modules)))
      await cp(join(root, modules), join(folder, modules), { recursive: true, verbatimSymlinks: true })
  }
  if (existsSync(join(root, '../shared'))) await symlink(join(root, '../shared'), join(base, 'shared'))
  return { folder, [Symbol.asyncDispose]: () => rm(base, { recursive: true, force: true }) }
}
