import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { ruleChecks } from '../rule-checks.ts'
import { rulesDocument } from '../src/rules/describe-rule.ts'
import { RULES } from '../src/rules/table.ts'

it('docs/rules.md is what the table of rules prints (pnpm --filter @roomserver/auth run rules)', () => {
  expect(readFileSync(new URL('../../../docs/rules.md', import.meta.url), 'utf8')).toBe(
    rulesDocument(ruleChecks()),
  )
})

it('links every rule to a file that checks it', () => {
  const checks = ruleChecks()
  expect(Object.keys(RULES).filter((key) => !checks.has(key))).toEqual([])
})
