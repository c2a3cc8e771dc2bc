import { isJsonObject, type JsonObject } from '@roomserver/types'
import type { Archive } from './archive.ts'
import type { ReplayPort } from './replay.ts'

/** Reaches the server under test over its real HTTP port; `outputs` come from wherever it announces them. */
export function httpPort(url: string, outputs: ReplayPort['outputs']): ReplayPort {
  return {
    async post(path, body) {
      const response = await fetch(url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      })
      return { status: response.status, body: await response.text() }
    },
    outputs,
  }
}

/** The same where calls to other servers are answered from an archive. */
export function withArchive(port: ReplayPort, archive: Archive): ReplayPort {
  return {
    async post(path, body) {
      const answer = await port.post(path, body)
      return { ...answer, body: archive.keys.restore(answer.body) }
    },
    outputs: async (expectedCount) =>
      JSON.parse(archive.keys.restore(JSON.stringify(await port.outputs(expectedCount)))) as JsonObject[],
    setMoment: (from, until) => archive.setMoment(from, until),
  }
}

/**
 * Reads the embedded output log from its beginning, as the outputs come: a consumer that is slow would see events as
 * redacted that were not yet when they were announced.
 */
export async function openEmbeddedReader(
  url: string,
): Promise<AsyncDisposable & { readAll(): Promise<readonly JsonObject[]> }> {
  const stop = new AbortController()
  const response = await fetch(`${url}/api/roomserver/outputs?after=0`, { signal: stop.signal })
  if (!response.ok || response.body === null) throw new Error(`no output log: ${response.status}`)
  const payloads: JsonObject[] = []
  const reading = collect(response.body, payloads).catch(() => undefined)
  return {
    async readAll() {
      for (let before = -1; before !== payloads.length; await pause(QUIET_MS)) before = payloads.length
      return payloads
    },
    async [Symbol.asyncDispose]() {
      stop.abort()
      await reading
    },
  }
}

/** Nothing more is expected after so long without an output. */
const QUIET_MS = 500

const pause = (ms: number) => new Promise((done) => setTimeout(done, ms))

async function collect(body: ReadableStream<Uint8Array>, payloads: JsonObject[]): Promise<void> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true })
    const messages = rest.split('\n\n')
    rest = messages.pop() ?? ''
    payloads.push(...messages.flatMap(payloadOf))
  }
}

function payloadOf(message: string): JsonObject[] {
  const data = message.split('\n').filter((line) => line.startsWith('data:'))
  if (data.length === 0) return []
  const payload: unknown = JSON.parse(data.map((line) => line.slice(5)).join('\n'))
  return isJsonObject(payload) && typeof payload['type'] === 'string' ? [payload] : []
}
