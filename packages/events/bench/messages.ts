import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { buildEvent } from '../src/build-event.ts'
import type { KeyFinder } from '../src/verify-signatures.ts'
import { draft, KEY, PUBLIC_KEY, rulesOf } from '../test/fixture-events.ts'

/** Messages as they come over the wire, members in any order, and the keys that signed them. */
export interface Messages {
  readonly texts: readonly string[]
  readonly findKey: KeyFinder
}

/** Messages of a room version 10 room: those of `WORKLOADS=FOLDER`, else made up. */
export async function messages(): Promise<Messages> {
  const folder = process.env['WORKLOADS']
  return folder === undefined ? madeUp() : fromFolder(folder)
}

function fromFolder(folder: string): Messages {
  const lines = gunzipSync(readFileSync(join(folder, 'msgs-v10-10000.jsonl.gz')))
    .toString('utf8')
    .split('\n')
  const keys = JSON.parse(readFileSync(join(folder, 'keys.json'), 'utf8')) as Record<
    string,
    Record<string, string>
  >
  return {
    texts: lines.filter((line) => line !== ''),
    findKey: (server, keyId) => {
      const key = keys[server]?.[keyId]
      return key === undefined ? undefined : { key, validUntilTs: Number.MAX_SAFE_INTEGER }
    },
  }
}

async function madeUp(): Promise<Messages> {
  const rules = rulesOf('10')
  const texts: string[] = []
  for (let i = 0; i < 1_000; i++) {
    const words = `größe "quoted" back\\slash 漢字 🎉 ${i} `.repeat(1 + (i % 16))
    const content = {
      msgtype: 'm.text',
      body: words,
      format: 'org.matrix.custom.html',
      formatted_body: `<p>${words}</p>`,
    }
    const built = await buildEvent(draft(rules, { content, depth: i, unsigned: { age: i } }), rules, KEY)
    if (built.ok) texts.push(asOnTheWire(built.pdu.json))
  }
  return { texts, findKey: () => ({ key: PUBLIC_KEY, validUntilTs: Number.MAX_SAFE_INTEGER }) }
}

/** Members in an order that isn't canonical, as most servers send them. */
function asOnTheWire(json: string): string {
  const event = JSON.parse(json) as Record<string, unknown>
  const first = ['room_id', 'type', 'sender', 'content', 'origin_server_ts', 'depth']
  return JSON.stringify(
    Object.fromEntries([...first, ...Object.keys(event)].map((name) => [name, event[name]])),
  )
}
