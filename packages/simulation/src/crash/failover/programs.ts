import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { findPatroni } from '@roomserver/testing'

/** What has to be there, and the Debian package that has it. */
const PROGRAMS = { patroni: 'patroni', etcd: 'etcd-server', haproxy: 'haproxy' } as const

export type ProgramName = keyof typeof PROGRAMS

/**
 * Finds the programs of a cluster, and installs the packages of those that are missing where that is possible.
 *
 * @param say - is told before anything is installed or fetched
 * @throws {Error} naming the packages where they are missing and cannot be installed
 */
export async function clusterPrograms(
  say: (line: string) => void,
): Promise<Readonly<Record<ProgramName, string>>> {
  const missing = await missingPrograms()
  if (missing.length > 0) {
    const packages = missing.map((name) => PROGRAMS[name])
    if (process.getuid?.() !== 0)
      throw new Error(`failover needs ${missing.join(', ')}: install the packages ${packages.join(', ')}`)
    say(`installing the packages ${packages.join(', ')} with apt-get`)
    const run = promisify(execFile)
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    await run('apt-get', ['update', '-q'], { env, maxBuffer: 1 << 24 })
    await run('apt-get', ['install', '-qy', '--no-install-recommends', ...packages], {
      env,
      maxBuffer: 1 << 24,
    })
  }
  const patroni = await findPatroni(await found('patroni'), say)
  return { patroni, etcd: await found('etcd'), haproxy: await found('haproxy') }
}

async function missingPrograms(): Promise<readonly ProgramName[]> {
  const names = Object.keys(PROGRAMS) as ProgramName[]
  const isMissing = await Promise.all(names.map((name) => placeOf(name).then((place) => place === undefined)))
  return names.filter((_, index) => isMissing[index])
}

async function found(name: ProgramName): Promise<string> {
  const place = await placeOf(name)
  if (place === undefined) throw new Error(`${name} is still missing`)
  return place
}

async function placeOf(name: ProgramName): Promise<string | undefined> {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  for (const folder of folders.filter((one) => one !== '')) {
    const file = join(folder, name)
    const isThere = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (isThere) return file
  }
  return undefined
}
