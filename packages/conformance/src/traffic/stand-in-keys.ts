import { generateKeyPairSync } from 'node:crypto'
import { signEvent } from '@roomserver/events'
import { isJsonObject, type JsonObject, type JsonValue } from '@roomserver/types'
import type { KnownEvent, KnownEvents } from './known-events.ts'
import type { RecordedLine } from './recording.ts'

/** A key in place of one that the recording does not hold. */
interface StandIn {
  readonly seed: string
  readonly key: string
}

/**
 * The recorded server takes missing events without looking at their signatures, so that a recording may hold events of
 * servers whose keys are nowhere in it. Ours looks. Such events are signed again with keys of our own before they are
 * handed out, and where the new signatures come up in what is compared, the recorded ones are put in their place. No
 * other part of an event depends on its signatures.
 */
export class StandInKeys {
  readonly #keys = new Map<string, StandIn>()
  readonly #recorded = new Map<string, string>()

  /** @param held - the keys that the recording has, by `server/key ID` */
  constructor(events: KnownEvents, held: ReadonlyMap<string, JsonValue>) {
    for (const event of events.all()) {
      for (const [server, keyId] of signaturesOf(event.json)) {
        const name = `${server}/${keyId}`
        if (!held.has(name) && !this.#keys.has(name)) this.#keys.set(name, newKey())
      }
    }
  }

  /** An entry for the answer to a call that asks for keys. */
  publicKey(name: string): JsonObject | undefined {
    const found = this.#keys.get(name)
    return found && { key: found.key, expired_ts: 0, valid_until_ts: FAR_FUTURE_MS }
  }

  /** The event as it is handed out. */
  async sign(event: KnownEvent): Promise<JsonObject> {
    let json = event.json
    for (const [server, keyId, recorded] of signaturesOf(event.json)) {
      const standIn = this.#keys.get(`${server}/${keyId}`)
      if (standIn === undefined) continue
      const signed: unknown = JSON.parse(
        await signEvent(json, event.rules, { server, keyId, seed: standIn.seed }, { keepWrongHash: true }),
      )
      if (!isJsonObject(signed)) continue
      json = signed
      const ours = signaturesOf(json).find(([name, id]) => name === server && id === keyId)
      if (ours !== undefined) this.#recorded.set(ours[2], recorded)
    }
    return json
  }

  /** Puts recorded signatures in the place of ours in a text. */
  restore(text: string): string {
    return text.replaceAll(SIGNATURE, (signature) => this.#recorded.get(signature) ?? signature)
  }
}

/** Unpadded base64 of 64 bytes. */
const SIGNATURE = /(?<![\w+/])[\w+/]{86}(?![\w+/=])/g

const FAR_FUTURE_MS = 4_102_444_800_000

/** Server, key ID and signature of each. */
function signaturesOf(event: JsonObject): [string, string, string][] {
  const signatures = event['signatures']
  if (!isJsonObject(signatures)) return []
  return Object.entries(signatures).flatMap(([server, keys]) =>
    isJsonObject(keys)
      ? Object.entries(keys).flatMap(([keyId, signature]): [string, string, string][] =>
          typeof signature === 'string' ? [[server, keyId, signature]] : [],
        )
      : [],
  )
}

function newKey(): StandIn {
  const { d = '', x = '' } = generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })
  return { seed: base64Of(d), key: base64Of(x) }
}

function base64Of(base64url: string): string {
  return base64url.replaceAll('-', '+').replaceAll('_', '/')
}

/** The keys that a recording holds, by `server/key ID`. */
export function recordedKeys(lines: readonly RecordedLine[]): ReadonlyMap<string, JsonValue> {
  const keys = new Map<string, JsonValue>()
  for (const line of lines) {
    if (line.kind !== 'federation' || !line.path.endsWith('/queryPublicKey')) continue
    const results = isJsonObject(line.response) ? line.response['results'] : undefined
    if (!isJsonObject(results)) continue
    for (const [name, key] of Object.entries(results)) if (key !== undefined) keys.set(name, key)
  }
  return keys
}
