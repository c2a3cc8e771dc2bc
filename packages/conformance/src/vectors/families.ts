import { checkCanonicalJson } from './canonical-json.ts'
import { checkEd25519 } from './ed25519.ts'
import { checkEventAuth } from './event-auth.ts'
import { checkEventIdAndHashes } from './event-id-and-hashes.ts'
import { checkMembershipTemplates } from './membership-templates.ts'
import { checkPduFormat } from './pdu-format.ts'
import { checkPolicyServers } from './policy-servers.ts'
import { checkRedaction } from './redaction.ts'
import { checkSignatures } from './signatures.ts'
import { checkStateResolution } from './state-resolution.ts'

/** Checks a row; `undefined` when it holds, else a short sentence about the difference. */
export type RowCheck = (row: unknown) => string | undefined | Promise<string | undefined>

/** The supported families of vectors, by the name of their files. */
export const FAMILIES: ReadonlyMap<string, RowCheck> = new Map<string, RowCheck>([
  ['canonical-json', checkCanonicalJson],
  ['event-id-and-hashes', checkEventIdAndHashes],
  ['signatures', checkSignatures],
  ['ed25519', checkEd25519],
  ['redaction', checkRedaction],
  ['pdu-format', checkPduFormat],
  ['membership-templates', checkMembershipTemplates],
  ['policy-servers', checkPolicyServers],
  ['event-auth', checkEventAuth],
  ['state-resolution', checkStateResolution],
])
