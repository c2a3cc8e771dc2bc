const MISUSE = 'packages/conformance/test/misuse'
const ANSWERS = 'packages/conformance/test/published/answers.test.ts'

/** Tests of a package that lie elsewhere, because they need packages that depend on it. */
const ELSEWHERE: Readonly<Record<string, readonly string[]>> = {
  acls: [`${MISUSE}/rest.test.ts`],
  auth: [`${MISUSE}/auth.test.ts`, ANSWERS],
  core: ['packages/engine/test/administration.test.ts'],
  events: [`${MISUSE}/events.test.ts`, ANSWERS],
  state: [`${MISUSE}/rest.test.ts`],
  storage: ['apps/roomserver/test/damaged-store.test.ts', 'packages/core/test/purged-history.test.ts'],
  version: [`${MISUSE}/rest.test.ts`],
}

/** The test files of a package that lie in other packages, from the root of the workspace. */
export function testsElsewhere(name: string): readonly string[] {
  return ELSEWHERE[name] ?? []
}
