import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname, extname, join } from 'node:path'
import {
  formatSigningKey,
  newSigningKey,
  publicKeyOf,
  readSigningKey,
  type SigningSeed,
} from '@roomserver/engine'
import { RoomserverError } from '@roomserver/types'
import { isSeq, parseDocument } from 'yaml'
import type { Config } from '../config/config.ts'

/** What a rotation did. */
export interface Rotation {
  readonly old: SigningSeed
  readonly new: SigningSeed
  /** Where the new key is. */
  readonly file: string
  /** Where the old key is. */
  readonly oldFile: string
  /** As other servers get it, in `old_verify_keys` of `/_matrix/key/v2/server`. */
  readonly oldVerifyKeys: Readonly<Record<string, { readonly expired_ts: number; readonly key: string }>>
}

/**
 * Puts a new key in the place of the one that a configuration file names, and keeps the old one in
 * `global.old_private_keys`, as Dendrite's components read it. The old key stays in its file; comments in the configuration
 * stay as well. The configuration is the last to change, and changes at once: an interrupted rotation has changed nothing.
 *
 * @param now - milliseconds since the epoch: from then on, events signed with the old key are not valid
 * @throws {RoomserverError} BAD_CONFIGURATION when the key does not come from a file
 */
export function rotateConfigured(config: Config, now: number): Rotation {
  const oldFile = fileOf(config)
  const fresh = newSigningKey()
  const file = join(dirname(oldFile), `${stem(oldFile)}-${nameOf(fresh)}${extname(oldFile) || '.pem'}`)
  const document = parseDocument(readFileSync(config.source, 'utf8'))
  document.setIn(['global', 'private_key'], file)
  const entry = document.createNode({ private_key: oldFile, expired_at: now })
  const path = ['global', 'old_private_keys']
  if (isSeq(document.getIn(path))) document.addIn(path, entry)
  else document.setIn(path, document.createNode([{ private_key: oldFile, expired_at: now }]))
  writeKey(file, fresh)
  const changed = `${config.source}.new`
  writeDurably(changed, document.toString({ lineWidth: 0 }), statSync(config.source).mode & 0o777)
  renameSync(config.source, `${config.source}.before-${nameOf(fresh)}`)
  renameSync(changed, config.source)
  return rotation(config.signingKey, fresh, file, oldFile, now)
}

/**
 * The same for the key in the folder of an embedded server: the old key keeps its name and the time of its end in the name
 * of its file. The folder has a key at every moment, so that an interrupted rotation has changed nothing.
 */
export function rotateEmbedded(config: Config, now: number): Rotation {
  const file = fileOf(config)
  const old = readSigningKey(file)
  const fresh = newSigningKey()
  const oldFile = join(dirname(file), `${stem(file)}-${nameOf(old)}-expired-${now}.pem`)
  const waiting = `${file}.new`
  rmSync(waiting, { force: true })
  writeKey(waiting, fresh)
  writeKey(oldFile, old)
  renameSync(waiting, file)
  return rotation(old, fresh, file, oldFile, now)
}

function rotation(
  old: SigningSeed,
  fresh: SigningSeed,
  file: string,
  oldFile: string,
  now: number,
): Rotation {
  const key = publicKeyOf(old.seed).replace(/=+$/, '')
  return { old, new: fresh, file, oldFile, oldVerifyKeys: { [old.keyId]: { expired_ts: now, key } } }
}

function fileOf({ keyFile }: Config): string {
  if (keyFile !== undefined && existsSync(keyFile)) return keyFile
  const expected = 'a file with the key; one in ROOMSERVER_PRIVATE_KEY is rotated where it is kept'
  throw new RoomserverError(
    'BAD_CONFIGURATION',
    { key: 'global.private_key', expected },
    `global.private_key: expected ${expected}`,
  )
}

const nameOf = ({ keyId }: SigningSeed) => keyId.replace(/^ed25519:/, '').replace(/[^A-Za-z0-9_]/g, '_')

/** A file's name without its ending, and without the name of a key that an earlier rotation gave it. */
function stem(file: string): string {
  return file.slice(dirname(file).length + 1).replace(/(?:-[0-9a-f]{6})?(?:\.[^.]*)?$/, '')
}

/**
 * Writes a key into a new file that only its owner may read.
 *
 * @throws {RoomserverError} BAD_REQUEST when the file is there already
 */
export function writeKey(file: string, key: SigningSeed): void {
  if (existsSync(file)) {
    const expected = 'a file that does not exist'
    throw new RoomserverError(
      'BAD_REQUEST',
      { path: file, expected },
      `${file} already exists; keys are not overwritten`,
    )
  }
  writeDurably(file, formatSigningKey(key), 0o600)
}

function writeDurably(path: string, text: string, mode: number): void {
  const handle = openSync(path, 'wx', mode)
  try {
    writeSync(handle, text)
    fsyncSync(handle)
  } catch (error) {
    // On a full disk the file is there and empty, and would be taken for a key.
    rmSync(path, { force: true })
    throw error
  } finally {
    closeSync(handle)
  }
}
