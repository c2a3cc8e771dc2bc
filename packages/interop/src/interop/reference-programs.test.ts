import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { referencePrograms } from './reference-programs.ts'

it('leaves the reference out with one sentence where no folder is named', async () => {
  vi.stubEnv('ROOMSERVER_REFERENCE', undefined)
  onTestFinished(() => void vi.unstubAllEnvs())
  expect(await referencePrograms({})).toMatch(/no folder .*--reference FOLDER or ROOMSERVER_REFERENCE/)
})

it('leaves it out where it is not wanted, whatever the environment names', async () => {
  vi.stubEnv('ROOMSERVER_REFERENCE', '/nowhere')
  onTestFinished(() => void vi.unstubAllEnvs())
  expect(await referencePrograms({ reference: false })).toBe('it was not asked for')
})

it('finds the programs in the folder of the option, or else of the environment', async () => {
  const folder = await folderOf({ 'dendrite-polylith-multi': 0o755, 'generate-keys': 0o755 })
  const programs = {
    polylith: join(folder, 'dendrite-polylith-multi'),
    generateKeys: join(folder, 'generate-keys'),
  }
  vi.stubEnv('ROOMSERVER_REFERENCE', folder)
  onTestFinished(() => void vi.unstubAllEnvs())
  expect(await referencePrograms({})).toEqual(programs)
  vi.stubEnv('ROOMSERVER_REFERENCE', '/nowhere')
  expect(await referencePrograms({ reference: folder })).toEqual(programs)
})

it('names the program that a folder lacks, or that cannot be run', async () => {
  const half = await folderOf({ 'dendrite-polylith-multi': 0o755 })
  await expect(referencePrograms({ reference: half })).rejects.toThrow(join(half, 'generate-keys'))
  const text = await folderOf({ 'dendrite-polylith-multi': 0o644, 'generate-keys': 0o755 })
  await expect(referencePrograms({ reference: text })).rejects.toThrow(join(text, 'dendrite-polylith-multi'))
})

async function folderOf(programs: Readonly<Record<string, number>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'roomserver-programs-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  for (const [name, mode] of Object.entries(programs)) {
    await writeFile(join(folder, name), '')
    await chmod(join(folder, name), mode)
  }
  return folder
}
