import type { TestProject } from 'vitest/node'
import { buildPage } from './inspector-page.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder with the built page. */
    inspectorPage: string
  }
}

/** Builds the page once for all tests that open it. */
export default async function setup(project: TestProject): Promise<void> {
  project.provide('inspectorPage', await buildPage())
}
