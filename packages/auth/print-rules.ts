import { mkdirSync, writeFileSync } from 'node:fs'
import { ruleChecks } from './rule-checks.ts'
import { rulesDocument } from './src/rules/describe-rule.ts'

const docs = new URL('../../docs/', import.meta.url)
mkdirSync(docs, { recursive: true })
writeFileSync(new URL('rules.md', docs), rulesDocument(ruleChecks()))
