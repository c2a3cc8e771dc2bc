import type { ClientHttp2Session } from 'node:http2'

/** Sends one request as it stands, whatever the bytes are, and reads the whole answer. */
export function post(
  session: ClientHttp2Session,
  path: string,
  body: Uint8Array | string,
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':method': 'POST', ':path': path })
    const chunks: Buffer[] = []
    let status = 0
    stream.on('response', (head) => {
      status = Number(head[':status'])
    })
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.once('error', reject)
    stream.once('end', () => resolve({ status, text: Buffer.concat(chunks).toString('utf8') }))
    stream.end(body)
  })
}
