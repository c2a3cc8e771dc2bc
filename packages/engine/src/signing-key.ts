import { createPrivateKey, createPublicKey, randomBytes } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { encodeBase64, refusedKeyReason, type SigningKey } from '@roomserver/events'
import { RoomserverError } from '@roomserver/types'

/** An ed25519 key: its ID in the form `ed25519:name` and its 32-byte seed. */
export interface SigningSeed {
  readonly keyId: string
  readonly seed: Uint8Array
}

/** What a key is read for: to sign with, or only to tell others that it was ours. */
type KeyUse = 'current' | 'old'

const BLOCK = /-----BEGIN MATRIX PRIVATE KEY-----\r?\n([\s\S]*?)-----END MATRIX PRIVATE KEY-----/
const KEY_ID = /^ed25519:[a-zA-Z0-9_]+$/

/**
 * Reads a PEM block `MATRIX PRIVATE KEY` with the header `Key-ID`.
 *
 * @param where - what to name in errors: the file, or the variable the text came from
 * @param use - old keys may have names that are not allowed any more, and be of those that nobody believes
 * @throws {RoomserverError} BAD_CONFIGURATION
 */
export function parseSigningKey(pem: string, where: string, use: KeyUse = 'current'): SigningSeed {
  const body = BLOCK.exec(pem)?.[1]
  if (body === undefined) throw badKey(where, 'a PEM block MATRIX PRIVATE KEY')
  const lines = body.split(/\r?\n/)
  const header = lines.find((line) => /^key-id:/i.test(line))
  const keyId = header?.slice(header.indexOf(':') + 1).trim()
  if (keyId === undefined) throw badKey(where, 'a PEM header "Key-ID: ed25519:name"')
  if (!(use === 'current' ? KEY_ID : /^ed25519:/).test(keyId)) {
    throw badKey(where, `a key ID such as ed25519:auto (letters, digits and _) in the header Key-ID`)
  }
  const seed = Buffer.from(lines.filter((line) => !line.includes(':')).join(''), 'base64')
  if (seed.length !== 32) throw badKey(where, `a seed of 32 bytes, not ${seed.length}`)
  if (use === 'current') refuseUnsafeKey(publicKeyOf(seed), where)
  return Object.freeze({ keyId, seed: new Uint8Array(seed) })
}

/**
 * Refuses to sign with a key that others never believe.
 *
 * @param publicKey - base64
 * @throws {RoomserverError} BAD_CONFIGURATION
 */
export function refuseUnsafeKey(publicKey: string, where: string): void {
  const reason = refusedKeyReason(publicKey)
  if (reason !== undefined) throw badKey(where, `another key: this one is not safe, since ${reason}`)
}

/** What stands before the 32 bytes of an ed25519 seed in PKCS #8. */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')

/** The public key of a seed, in base64. */
export function publicKeyOf(seed: Uint8Array): string {
  const der = Buffer.concat([PKCS8_PREFIX, seed])
  const key = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }))
  return key.export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64')
}

/** Reads the key in a file. @throws {RoomserverError} BAD_CONFIGURATION */
export function readSigningKey(path: string, use: KeyUse = 'current'): SigningSeed {
  let pem: string
  try {
    pem = readFileSync(path, 'utf8')
  } catch (cause) {
    throw badKey(path, `a readable file (${cause instanceof Error ? cause.message : String(cause)})`)
  }
  return parseSigningKey(pem, path, use)
}

/** Reads the key in a file, or makes one there that only its owner may read. */
export function readOrCreateSigningKey(path: string): SigningSeed {
  if (existsSync(path)) return readSigningKey(path)
  const key = newSigningKey()
  try {
    writeFileSync(path, formatSigningKey(key), { mode: 0o600, flag: 'wx' })
  } catch (error) {
    // On a full disk the file is there and empty, and the next start would take it for the key.
    if (!isThereAlready(error)) rmSync(path, { force: true })
    throw error
  }
  return key
}

function isThereAlready(error: unknown): boolean {
  return error instanceof Error && Reflect.get(error, 'code') === 'EEXIST'
}

/** A random key with a random name. */
export function newSigningKey(): SigningSeed {
  const seed = new Uint8Array(randomBytes(32))
  return Object.freeze({ keyId: `ed25519:${randomBytes(3).toString('hex')}`, seed })
}

/** The form that {@link parseSigningKey} and Dendrite's components read. */
export function formatSigningKey({ keyId, seed }: SigningSeed): string {
  const text = Buffer.from(seed).toString('base64')
  return `-----BEGIN MATRIX PRIVATE KEY-----\nKey-ID: ${keyId}\n\n${text}\n-----END MATRIX PRIVATE KEY-----\n`
}

function badKey(where: string, expected: string): RoomserverError {
  return new RoomserverError(
    'BAD_CONFIGURATION',
    { key: where, expected },
    `signing key ${where}: expected ${expected}`,
  )
}

/** A key as events are signed with it. */
export function signingKeyOf({ keyId, seed }: SigningSeed, server: string): SigningKey {
  return { server, keyId, seed: encodeBase64(seed) }
}
