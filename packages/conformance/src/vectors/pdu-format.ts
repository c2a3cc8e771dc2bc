import { parsePdu } from '@roomserver/events'
import { jsonText, readRow } from './row.ts'

/** Checks a row of pdu-format.jsonl; `undefined` when it holds, else a sentence about the difference. */
export function checkPduFormat(row: unknown): string | undefined {
  const { member, rules, expected } = readRow(row)
  const verdict = parsePdu(jsonText(member('event')), rules())
  if (verdict.ok === expected('accept')) return undefined
  return verdict.ok ? 'accepted, though it should be refused' : `refused: ${verdict.reason} (${verdict.rule})`
}
