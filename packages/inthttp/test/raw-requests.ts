import { request as http1Request } from 'node:http'
import { connect } from 'node:http2'

/** An answer as it came over the wire. */
export interface RawAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: string
}

export interface RawRequest {
  readonly path: string
  readonly method?: string
  readonly body?: string | Buffer
  readonly headers?: Readonly<Record<string, string>>
}

/** Asks over one of the protocols, on a connection of its own. */
export type Ask = (address: string, request: RawRequest) => Promise<RawAnswer>

export const askHttp1: Ask = (address, { path, method = 'POST', body = '', headers = {} }) =>
  new Promise((resolve, reject) => {
    const request = http1Request(
      new URL(path, address),
      { method, headers: { ...headers }, agent: false },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8')
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text })
        })
      },
    )
    request.on('error', reject)
    request.end(body)
  })

export const askHttp2: Ask = (address, { path, method = 'POST', body = '', headers = {} }) =>
  new Promise((resolve, reject) => {
    const session = connect(address, { maxSessionMemory: 100 })
    session.on('error', reject)
    const stream = session.request(
      { ':method': method, ':path': path, ...headers },
      { endStream: body.length === 0 },
    )
    let answered: Readonly<Record<string, unknown>> = {}
    const chunks: Buffer[] = []
    stream.on('response', (head) => {
      answered = head
    })
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('error', reject)
    stream.on('end', () => {
      session.close()
      resolve({
        status: Number(answered[':status']),
        headers: answered,
        body: Buffer.concat(chunks).toString('utf8'),
      })
    })
    if (body.length > 0) stream.end(body)
  })

export const PROTOCOLS: readonly (readonly [string, Ask])[] = [
  ['HTTP/1.1', askHttp1],
  ['h2c', askHttp2],
]
