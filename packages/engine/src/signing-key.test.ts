import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import {
  formatSigningKey,
  newSigningKey,
  parseSigningKey,
  publicKeyOf,
  readOrCreateSigningKey,
  readSigningKey,
  refuseUnsafeKey,
  signingKeyOf,
} from './signing-key.ts'

/** The seed of the first test vector of RFC 8032, and its public key. */
const SEED = Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex')
const PUBLIC = Buffer.from('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', 'hex')

const block = (...lines: readonly string[]) =>
  `-----BEGIN MATRIX PRIVATE KEY-----\n${lines.join('\n')}\n-----END MATRIX PRIVATE KEY-----\n`

const BASE64 = SEED.toString('base64')

const refusal = (where: string, expected: unknown) =>
  expect.objectContaining({ code: 'BAD_CONFIGURATION', details: { key: where, expected } }) as Error

it('makes the public key of a seed', () => {
  expect(publicKeyOf(SEED)).toBe(PUBLIC.toString('base64'))
})

it('is read as it was written', () => {
  const key = { keyId: 'ed25519:auto', seed: new Uint8Array(SEED) }
  const text = formatSigningKey(key)
  expect(text).toBe(block('Key-ID: ed25519:auto', '', BASE64))
  expect(parseSigningKey(text, 'here')).toEqual(key)
  expect(signingKeyOf(key, 'a.example')).toEqual({
    server: 'a.example',
    keyId: 'ed25519:auto',
    seed: BASE64.replace('=', ''),
  })
})

it.each([
  ['lines of Windows', block('Key-ID: ed25519:a_1', '', BASE64).replaceAll('\n', '\r\n')],
  [
    'a header in other letters, and others beside it',
    block('Proc-Type: x', 'KEY-ID:ed25519:a_1 ', '', BASE64),
  ],
  [
    'text around it, and base64 in two lines',
    `x\n${block('Key-ID: ed25519:a_1', '', BASE64.slice(0, 20), BASE64.slice(20))}y`,
  ],
])('is read from %s', (_what, pem) => {
  expect(parseSigningKey(pem, 'here')).toEqual({ keyId: 'ed25519:a_1', seed: new Uint8Array(SEED) })
})

it.each<readonly [string, string, unknown]>([
  ['no block', BASE64, 'a PEM block MATRIX PRIVATE KEY'],
  ['no key ID', block('', BASE64), 'a PEM header "Key-ID: ed25519:name"'],
  ...['ed25519:a-b', 'ed25519:', 'rsa:a', 'xed25519:a'].map(
    (id) =>
      [
        `the key ID ${id}`,
        block(`Key-ID: ${id}`, '', BASE64),
        'a key ID such as ed25519:auto (letters, digits and _) in the header Key-ID',
      ] as const,
  ),
  [
    '31 bytes',
    block('Key-ID: ed25519:a', '', SEED.subarray(1).toString('base64')),
    'a seed of 32 bytes, not 31',
  ],
  ['no seed', block('Key-ID: ed25519:a', ''), 'a seed of 32 bytes, not 0'],
])('is refused with %s', (_what, pem, expected) => {
  expect(() => parseSigningKey(pem, 'here')).toThrow(refusal('here', expected))
})

it('may have another name where it is an old one, which others are told of', () => {
  expect(parseSigningKey(block('Key-ID: ed25519:a-b', '', BASE64), 'here', 'old').keyId).toBe('ed25519:a-b')
  expect(() => parseSigningKey(block('Key-ID: rsa:a', '', BASE64), 'here', 'old')).toThrow('a key ID such as')
})

it('is refused where others never believe it', () => {
  refuseUnsafeKey(PUBLIC.toString('base64'), 'here')
  expect(() => refuseUnsafeKey('l/O9hxMVKB6Lg+3Hqf0FQQZhVESQcMzbPN1Cz2nM3og', 'here')).toThrow(
    refusal('here', expect.stringMatching(/^another key: this one is not safe, since ./)),
  )
})

it('is made in a file for its owner alone, once, and read from there', () => {
  const folder = mkdtempSync(join(tmpdir(), 'key-'))
  const file = join(folder, 'key.pem')
  expect(() => readSigningKey(file)).toThrow(
    refusal(file, expect.stringMatching(/^a readable file \(ENOENT/)),
  )
  const made = readOrCreateSigningKey(file)
  expect(made.keyId).toMatch(/^ed25519:[0-9a-f]{6}$/)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  const text = readFileSync(file, 'utf8')
  expect(readOrCreateSigningKey(file)).toEqual(made)
  expect(readFileSync(file, 'utf8')).toBe(text)
  writeFileSync(file, block('Key-ID: ed25519:a-b', '', BASE64))
  expect(() => readSigningKey(file)).toThrow('a key ID such as')
  expect(readSigningKey(file, 'old').keyId).toBe('ed25519:a-b')
})

it('is another one each time', () => {
  const [one, other] = [newSigningKey(), newSigningKey()]
  expect(one.seed).toHaveLength(32)
  expect(one.seed).not.toEqual(other.seed)
})
