import { invalidArgument, isServerName, RoomserverError } from '@roomserver/types'
import { readServerKeys, type ServerKeys } from './server-keys.ts'
import type { VerifyKey } from './verify-signatures.ts'

/** How a {@link createKeyFinder} gets keys. */
export interface KeyFinderOptions {
  /**
   * Gets what a server answers to `/_matrix/key/v2/server`: the JSON text, or the object parsed from it. What it throws, the
   * finder throws.
   */
  readonly fetchKeys: (server: string) => Promise<string | object>
  /** Milliseconds since the epoch; the clock of the machine unless given. */
  readonly now?: (() => number) | undefined
  /** Of how many servers keys are kept; 1,000 unless given. The one that was asked for longest ago is forgotten. */
  readonly maxServers?: number | undefined
  /** How long a server is not asked again for a key that it did not have; 60,000 unless given. */
  readonly retryMs?: number | undefined
}

interface Known {
  /** First seen, first kept: a key ID stands for the same key for ever. */
  readonly keys: Map<string, VerifyKey>
  readonly askedAt: number
  /** From when on a newer answer is wanted: half way to the end of the validity. */
  readonly staleAt: number
}

/**
 * A finder of keys for `verifySignatures` that fetches and keeps them. Servers are asked once for many events, again when
 * half of the time is over for which their answer counts, and for a key that is not known.
 *
 * @throws {RoomserverError} when a key is looked for: COMPONENT_FAILED if the answer of its server is not believed. A failure
 *   to fetch is a failure of the check, and never an event that is not signed.
 * @example
 * ```ts
 * import { createKeyFinder } from '@roomserver/events'
 *
 * const findKey = createKeyFinder({
 *   fetchKeys: async (server) => (await fetch(`https://${server}/_matrix/key/v2/server`)).text(),
 * })
 * console.log(await findKey('example.org', 'ed25519:auto'))
 * ```
 */
export function createKeyFinder(
  options: KeyFinderOptions,
): (server: string, keyId: string) => Promise<VerifyKey | undefined> {
  const { fetchKeys, now = Date.now, maxServers = 1_000, retryMs = 60_000 } = options ?? {}
  if (typeof fetchKeys !== 'function')
    throw invalidArgument('fetchKeys', 'a function that gets the keys of a server')
  const known = new Map<string, Known>()
  const underWay = new Map<string, Promise<Known>>()

  const ask = async (server: string, before: Known | undefined): Promise<Known> => {
    const askedAt = now()
    const verdict = await readServerKeys(await fetchKeys(server), server, askedAt)
    if (!verdict.ok) throw notBelieved(server, verdict.reason)
    const fresh: Known = {
      keys: merged(before?.keys, verdict.keys),
      askedAt,
      staleAt: askedAt + (verdict.keys.validUntilTs - askedAt) / 2,
    }
    known.delete(server)
    known.set(server, fresh)
    for (const oldest of known.keys()) {
      if (known.size <= maxServers) break
      known.delete(oldest)
    }
    return fresh
  }

  return async (server, keyId) => {
    if (!isServerName(server)) return undefined
    const kept = known.get(server)
    const isFresh =
      kept !== undefined && (kept.keys.has(keyId) ? now() < kept.staleAt : now() < kept.askedAt + retryMs)
    if (isFresh) return kept.keys.get(keyId)
    let asked = underWay.get(server)
    if (asked === undefined) {
      asked = ask(server, kept).finally(() => underWay.delete(server))
      underWay.set(server, asked)
    }
    try {
      return (await asked).keys.get(keyId)
    } catch (error) {
      // What is known is still good for the events of its time.
      const old = kept?.keys.get(keyId)
      if (old === undefined) throw error
      return old
    }
  }
}

function merged(
  before: ReadonlyMap<string, VerifyKey> | undefined,
  { keys }: ServerKeys,
): Map<string, VerifyKey> {
  const all = new Map(before)
  for (const [keyId, found] of keys) {
    const first = all.get(keyId)
    if (first === undefined || first.key === found.key) all.set(keyId, found)
  }
  return all
}

function notBelieved(server: string, reason: string): RoomserverError {
  const details = { component: server, operation: 'publishing its keys', reason }
  return new RoomserverError('COMPONENT_FAILED', details, `keys of ${server}: ${reason}`)
}
