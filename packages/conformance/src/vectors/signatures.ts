import {
  eventIdOf,
  parsePdu,
  requiredSignatures,
  signJson,
  trustedPdu,
  type VerifyKey,
  verifyJson,
  verifySignatures,
} from '@roomserver/events'
import { difference, jsonText, type Row, readRow } from './row.ts'

/** Checks a row of signatures.jsonl; `undefined` when it holds, else a sentence about the difference. */
export async function checkSignatures(row: unknown): Promise<string | undefined> {
  const read = readRow(row)
  const kind = read.member('kind')
  if (kind === 'sign-object') return checkSigning(read)
  if (kind === 'verify-object') return checkObject(read)
  return kind === 'verify-event' ? checkEvent(read) : `unknown kind ${String(kind)}`
}

async function checkSigning({ member, text, expected }: Row): Promise<string | undefined> {
  const key = { server: text('server'), keyId: text('keyId'), seed: text('seed') }
  const signature = await signJson(jsonText(member('object')), key)
  return difference('the signature', signature, expected('signature'))
}

async function checkObject({ member, text, expected }: Row): Promise<string | undefined> {
  const object = jsonText(member('object'))
  const valid = await verifyJson(object, text('server'), text('keyId'), text('publicKey'))
  return difference('valid', valid, expected('valid'))
}

async function checkEvent({ member, rules, expected }: Row): Promise<string | undefined> {
  const json = jsonText(member('event'))
  const parsed = parsePdu(json, rules())
  // Signatures are those of what redaction leaves, which is what a server goes on with where the content was changed.
  const event = parsed.ok ? parsed.pdu : trustedPdu(json, eventIdOf(json, rules()), rules())
  const keys = member('keys') as Record<string, Record<string, VerifyKey>>
  const now = member('now') as number | undefined
  const verdict = await verifySignatures(event, (server, keyId) => keys[server]?.[keyId], now)
  const required = expected('requiredServers')
  const matches = expected('contentHashMatches')
  return (
    difference('valid', verdict.ok, expected('valid')) ??
    (required === undefined
      ? undefined
      : difference('requiredServers', requiredSignatures(event).toSorted(), required)) ??
    (matches === undefined
      ? undefined
      : difference('contentHashMatches', parsed.ok && parsed.contentHashMatches, matches))
  )
}
