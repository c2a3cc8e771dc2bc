import { templateFault, type TemplateRequest } from '@roomserver/events'
import { difference, readRow } from './row.ts'

/** Checks a row of membership-templates.jsonl; `undefined` when it holds, else a sentence about the difference. */
export function checkMembershipTemplates(row: unknown): string | undefined {
  const { member, expected } = readRow(row)
  const fault = templateFault(member('template'), member('asked') as TemplateRequest)
  return difference('accept', fault === undefined, expected('accept'))
}
