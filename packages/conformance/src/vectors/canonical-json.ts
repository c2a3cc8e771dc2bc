import { canonicalizeJson } from '@roomserver/events'
import { difference, readRow } from './row.ts'

/** Checks a row of canonical-json.jsonl; `undefined` when it holds, else a sentence about the difference. */
export function checkCanonicalJson(row: unknown): string | undefined {
  const { text, rules, expected } = readRow(row)
  const result = canonicalizeJson(text('input'), rules().strictJson ? 'strict' : 'lenient')
  const accepted = difference('accept', result.ok, expected('accept'))
  if (accepted !== undefined || !result.ok || expected('canonicalUndefined') === true) return accepted
  return difference('the canonical form', result.text, expected('canonical'))
}
