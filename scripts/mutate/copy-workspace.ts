import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, cp, mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const PREFIX = 'roomserver-mutate-'

/** A copy of the workspace in which code may be changed. */
export interface WorkspaceCopy extends AsyncDisposable {
  readonly folder: string
  /** Where the programs that run in the copy put their temporary files; removed with it. */
  readonly temporaryFolder: string
}

/**
 * Copies what git knows of the workspace, with changes that are not committed, into a temporary folder. Dependencies are
 * linked; links between packages lead to the packages of the copy.
 *
 * Removes the copies of processes that ended without removing theirs.
 */
export async function copyWorkspace(root: string): Promise<WorkspaceCopy> {
  await removeAbandoned()
  // A folder deep enough that what tests read beside the project lies beside the copy as well.
  const base = await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`))
  const copy = {
    folder: join(base, 'project'),
    temporaryFolder: join(base, 'tmp'),
    [Symbol.asyncDispose]: () => rm(base, { recursive: true, force: true, maxRetries: 3 }),
  }
  try {
    // PostgreSQL runs as another user when the tests run as root, and has to get through.
    await chmod(base, 0o755)
    await mkdir(copy.temporaryFolder)
    await copyFiles(root, copy.folder)
    if (existsSync(join(root, '../shared'))) await symlink(join(root, '../shared'), join(base, 'shared'))
  } catch (error) {
    await copy[Symbol.asyncDispose]()
    throw error
  }
  return copy
}

async function copyFiles(root: string, folder: string): Promise<void> {
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
}

/** The name of a copy holds the ID of its process. */
async function removeAbandoned(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const owner = name.startsWith(PREFIX) ? Number.parseInt(name.slice(PREFIX.length), 10) : Number.NaN
    if (Number.isInteger(owner) && !isRunning(owner))
      await rm(join(tmpdir(), name), { recursive: true, force: true })
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // Somebody else's process may be looked at, but not signalled.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
