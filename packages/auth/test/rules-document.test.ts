import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { rulesDocument } from '../src/rules/describe-rule.ts'

it('docs/rules.md is what the table of rules prints (pnpm --filter @roomserver/auth run rules)', () => {
  expect(readFileSync(new URL('../../../docs/rules.md', import.meta.url), 'utf8')).toBe(rulesDocument())
})
