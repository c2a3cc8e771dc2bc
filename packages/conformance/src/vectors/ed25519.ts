import { ed25519 } from '@roomserver/events'
import { difference, readRow } from './row.ts'

/** Checks a row of ed25519.jsonl: key and signature in hex; `undefined` when it holds, else a sentence about the difference. */
export async function checkEd25519(row: unknown): Promise<string | undefined> {
  const { member, text, expected } = readRow(row)
  const kind = member('kind')
  if (kind !== 'verify-ed25519') return `unknown kind ${String(kind)}`
  const valid = await ed25519.verify({
    publicKey: bytesOf(text('publicKey')),
    signature: bytesOf(text('signature')),
    message: new TextEncoder().encode(text('message')),
  })
  return difference('valid', valid, expected('valid'))
}

function bytesOf(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}
