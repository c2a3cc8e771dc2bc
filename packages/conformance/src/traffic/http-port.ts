import { isJsonObject, type JsonObject } from '@roomserver/types'
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

/** Reads the embedded output log from its beginning until nothing more comes for a moment. */
export async function readEmbeddedLog(url: string, quietMs = 500): Promise<readonly JsonObject[]> {
  const stop = new AbortController()
  const response = await fetch(`${url}/api/roomserver/outputs?after=0`, { signal: stop.signal })
  if (!response.ok || response.body === null) throw new Error(`no output log: ${response.status}`)
  const payloads: JsonObject[] = []
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (;;) {
    const next = await withinMs(reader.read(), quietMs)
    if (next === undefined || next.done) break
    rest += next.value
    const messages = rest.split('\n\n')
    rest = messages.pop() ?? ''
    payloads.push(...messages.flatMap(payloadOf))
  }
  stop.abort()
  return payloads
}

function payloadOf(message: string): JsonObject[] {
  const data = message.split('\n').filter((line) => line.startsWith('data:'))
  if (data.length === 0) return []
  const payload: unknown = JSON.parse(data.map((line) => line.slice(5)).join('\n'))
  return isJsonObject(payload) && typeof payload['type'] === 'string' ? [payload] : []
}

async function withinMs<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((done) => {
    timer = setTimeout(() => done(undefined), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
