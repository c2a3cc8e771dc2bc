import {
  eventIdOf,
  isSignedByPolicyServer,
  needsPolicySignature,
  type PolicyServer,
  policyServerOf,
  trustedPdu,
  withPolicySignature,
} from '@roomserver/events'
import type { JsonObject } from '@roomserver/types'
import { difference, jsonText, type Row, readRow } from './row.ts'

/** Checks a row of policy-servers.jsonl; `undefined` when it holds, else a sentence about the difference. */
export async function checkPolicyServers(row: unknown): Promise<string | undefined> {
  const read = readRow(row)
  switch (read.member('kind')) {
    case 'policy':
      return checkPolicy(read)
    case 'needs-signature':
      return checkNeed(read)
    case 'verify':
      return await checkSignature(read)
    case 'add':
      return checkAdded(read)
    default:
      return `unknown kind ${String(read.member('kind'))}`
  }
}

function checkPolicy({ member, expected }: Row): string | undefined {
  const policy = policyServerOf({ content: member('content') as JsonObject })
  return difference('policyServer', policy ?? null, expected('policyServer'))
}

function checkNeed({ member, text, expected }: Row): string | undefined {
  const stateKey = member('stateKey') as string | null
  const isNeeded = needsPolicySignature({ type: text('type'), stateKey: stateKey ?? undefined })
  return difference('needed', isNeeded, expected('needed'))
}

async function checkSignature(read: Row): Promise<string | undefined> {
  const valid = await isSignedByPolicyServer(eventIn(read), read.member('policy') as PolicyServer)
  return difference('valid', valid, read.expected('valid'))
}

function checkAdded(read: Row): string | undefined {
  const { json } = withPolicySignature(eventIn(read), read.text('server'), read.text('signature'))
  const { signatures } = JSON.parse(json) as { readonly signatures: unknown }
  return difference('signatures', signatures, read.expected('signatures'))
}

function eventIn({ member, rules }: Row) {
  const json = jsonText(member('event'))
  return trustedPdu(json, eventIdOf(json, rules()), rules())
}
