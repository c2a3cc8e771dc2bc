import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'vite'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder with the built page. */
    inspectorPage: string
  }
}

/** Builds the page into a folder of its own, from which a browser opens it. */
export async function buildPage(): Promise<string> {
  const outDir = await mkdtemp(join(tmpdir(), 'inspector-page-'))
  const configFile = join(import.meta.dirname, '../vite.config.ts')
  await build({ configFile, logLevel: 'error', build: { outDir } })
  return outDir
}

/** Builds the page once for all tests that open it. */
export default async function setup(project: TestProject): Promise<void> {
  project.provide('inspectorPage', await buildPage())
}
