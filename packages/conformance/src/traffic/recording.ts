import { readFile } from 'node:fs/promises'
import { gunzipSync } from 'node:zlib'
import { isJsonObject, type JsonObject, type JsonValue } from '@roomserver/types'

/** One line of a recording: what a real homeserver's components said to each other. */
export type RecordedLine =
  | { readonly kind: 'input'; readonly step: number; readonly input: JsonObject }
  | { readonly kind: 'output'; readonly step: number; readonly payload: JsonObject }
  | ({ readonly kind: 'operation'; readonly replayable: boolean } & RecordedCall)
  | ({ readonly kind: 'query'; readonly settled: boolean } & RecordedCall)
  | ({ readonly kind: 'federation' } & RecordedCall)

/** A call and what was answered. A `request` that is a string was sent as it stands, though it is not valid JSON. */
export interface RecordedCall {
  readonly step: number
  readonly path: string
  readonly status: number
  readonly request: JsonValue
  readonly response: JsonValue
}

/** A recording: its lines in order and the name of the server that was recorded. */
export interface Recording {
  readonly file: string
  readonly serverName: string
  readonly lines: readonly RecordedLine[]
}

/** Reads a recording (JSON Lines, gzipped or not). @throws {Error} naming the file and the line that cannot be read */
export async function readRecording(file: string): Promise<Recording> {
  const bytes = await readFile(file)
  const text = (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString('utf8')
  const lines = text
    .split('\n')
    .map((line, index) => parseLine(file, index + 1, line))
    .filter((line) => line !== undefined)
  return { file, serverName: recordedServer(lines), lines: eventsFirst(lines) }
}

const KINDS = new Set(['input', 'output', 'operation', 'query', 'federation'])

function parseLine(file: string, number: number, text: string): RecordedLine | undefined {
  if (text.trim() === '') return undefined
  const line = JSON.parse(text) as RecordedLine
  if (!KINDS.has(line.kind)) throw new Error(`${file}:${number}: a line of unknown kind ${String(line.kind)}`)
  return line
}

/**
 * Removing an alias may make the recorded server send a canonical alias event, which stands behind the operation. A
 * replay cannot make that very event, so it gives the event first and then the operation, which finds nothing to send.
 */
function eventsFirst(lines: readonly RecordedLine[]): readonly RecordedLine[] {
  const ordered = [...lines]
  for (const [index, line] of lines.entries()) {
    const next = lines[index + 1]
    if (line.kind !== 'operation' || !line.path.endsWith('/removeRoomAlias') || next?.kind !== 'input')
      continue
    const event = next.input['event']
    if (!isJsonObject(event) || event['type'] !== 'm.room.canonical_alias') continue
    ordered[index] = next
    ordered[index + 1] = line
  }
  return ordered
}

/** The recorded server is the one on whose users operations are performed: joins, leaves and forgets are of local users. */
function recordedServer(lines: readonly RecordedLine[]): string {
  const votes = new Map<string, number>()
  for (const line of lines) {
    if (line.kind !== 'operation' || typeof line.request !== 'object' || line.request === null) continue
    const user = 'user_id' in line.request ? line.request['user_id'] : undefined
    if (typeof user !== 'string' || !user.startsWith('@') || line.path.endsWith('Peek')) continue
    const server = user.slice(user.indexOf(':') + 1)
    votes.set(server, (votes.get(server) ?? 0) + 1)
  }
  const [winner] = [...votes].sort((a, b) => b[1] - a[1])
  return winner?.[0] ?? 'localhost'
}
