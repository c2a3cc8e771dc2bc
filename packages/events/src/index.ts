export { ed25519, sha256Base64, sha256Base64Url, sha256Hex } from '#crypto'
export { decodeBase64, encodeBase64 } from './json/base64.ts'
export {
  buildEvent,
  type EventDraft,
  type EventRef,
  eventRef,
  signEvent,
  type SignOptions,
} from './build-event.ts'
export {
  type ClientEvent,
  type ClientEventContext,
  pduFromClientEvent,
  redactClientEvent,
} from './client-event.ts'
export { canonicalJson } from './json/canonical-json.ts'
export type { Strictness } from './json/numbers.ts'
export { canonicalizeJson, type CanonicalVerdict } from './json/canonicalize.ts'
export { compareCodePoints } from './json/code-points.ts'
export { ED25519_EXAMPLE, withoutEd25519 } from './crypto/platform.ts'
export type { Ed25519, SignatureCheck } from './crypto/port.ts'
export { isStrictSignature } from './crypto/strict-signature.ts'
export { eventTextIn, eventTextsIn } from './event-texts.ts'
export { headeredJson, withoutHeader } from './headered.ts'
export {
  MAX_AUTH_EVENTS,
  MAX_EVENT_BYTES,
  MAX_ID_BYTES,
  MAX_JSON_DEPTH,
  MAX_PREV_EVENTS,
} from './limits.ts'
export { templateFault, type TemplateRequest } from './membership-template.ts'
export { compareOriginServerTs } from './origin-server-ts.ts'
export { parsePdu, type PduVerdict, receivePdu } from './parse-pdu.ts'
export type { Pdu } from './pdu.ts'
export {
  isSignedByPolicyServer,
  needsPolicySignature,
  POLICY_KEY_ID,
  type PolicyServer,
  policyServerOf,
  policySignatureIn,
  withPolicySignature,
} from './policy-server.ts'
export type { EventJson, EventObject } from './event-members.ts'
export {
  authContentLost,
  authPdu,
  contentHash,
  contentState,
  eventIdOf,
  redactEvent,
  redactJson,
  referenceHash,
  trustedPdu,
} from './raw-event.ts'
export { createKeyFinder, type KeyFinderOptions } from './key-finder.ts'
export { readServerKeys, type ServerKeys, type ServerKeysVerdict } from './server-keys.ts'
export { refusedKeyReason } from './refused-keys.ts'
export { requiredSignatures } from './required-signatures.ts'
export { type KeyName, neededKeys } from './signing-keys.ts'
export { isSameEvent } from './same-event.ts'
export { signJson, type SigningKey, verifyJson } from './signed-json.ts'
export { withUnsigned } from './unsigned.ts'
export { checkPdu } from './text-pdu.ts'
export {
  type AsyncKeyFinder,
  KEY_VALIDITY_CAP_MS,
  type KeyFinder,
  type SignatureVerdict,
  type VerifyKey,
  verifySignatures,
} from './verify-signatures.ts'
