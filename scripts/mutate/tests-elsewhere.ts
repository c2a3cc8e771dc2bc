const MISUSE = 'packages/conformance/test/misuse'
const ANSWERS = 'packages/conformance/test/published/answers.test.ts'

/** Tests of a package that lie elsewhere, because they need packages that depend on it. */
const ELSEWHERE: Readonly<Record<string, readonly string[]>> = {
  auth: [`${MISUSE}/auth.test.ts`, ANSWERS],
  events: [`${MISUSE}/events.test.ts`, ANSWERS],
  state: [`${MISUSE}/rest.test.ts`],
  storage: ['apps/roomserver/test/damaged-store.test.ts'],
  version: [`${MISUSE}/rest.test.ts`],
}

/** The test files of a package that lie in other packages, from the root of the workspace. */
export function testsElsewhere(name: string): readonly string[] {
  return ELSEWHERE[name] ?? []
}
