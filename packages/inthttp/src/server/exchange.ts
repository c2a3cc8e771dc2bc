import type { IncomingHttpHeaders } from 'node:http'
import { constants, type ServerHttp2Stream } from 'node:http2'
import type { Readable, Writable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ErrorForm } from './error-form.ts'
import { sendError } from './send-error.ts'

/** A request for an operation, and the way back to who asked. */
export interface Exchange {
  /** Names the request in the log. */
  readonly id: string
  readonly headers: IncomingHttpHeaders
  /** That it came on: a session of HTTP/2, or a socket. */
  readonly connection: object
  readonly body: Readable
  /** Whether only the headers of an answer are asked for. */
  readonly isHead: boolean
  /** The status of the answer. */
  readonly status: number
  /** Calls when everything was sent or the caller is gone. */
  onceClosed(listener: () => void): void
  /**
   * Sends the headers of an answer, and gives what takes its body; `undefined`: the caller is gone.
   *
   * @param length - bytes of the body, where that is known
   */
  begin(length: number | undefined): Writable | undefined
  /** Sends an error. */
  fail(form: ErrorForm): void
  /** Reads no more of the body once the answer is sent. */
  dropRest(): void
  /** Sends an error and reads no more of the body. */
  turnAway(form: ErrorForm): void
}

const JSON_TYPE = { 'content-type': 'application/json' }

function answerHeaders(length: number | undefined): Readonly<Record<string, string | number>> {
  return length === undefined ? JSON_TYPE : { ...JSON_TYPE, 'content-length': length }
}

/** One that came by way of Fastify, over either protocol. */
export class FastifyExchange implements Exchange {
  readonly #request: FastifyRequest
  readonly #reply: FastifyReply

  constructor(request: FastifyRequest, reply: FastifyReply) {
    this.#request = request
    this.#reply = reply
  }

  get id(): string {
    return this.#request.id
  }

  get headers(): IncomingHttpHeaders {
    return this.#request.headers
  }

  get connection(): object {
    return connectionOf(this.#request)
  }

  get body(): Readable {
    return this.#request.raw
  }

  get isHead(): boolean {
    return this.#request.method === 'HEAD'
  }

  get status(): number {
    return this.#reply.statusCode
  }

  onceClosed(listener: () => void): void {
    this.#reply.raw.once('close', listener)
  }

  /** Nothing happens to an answer on its way, so it goes past Fastify, whose way out costs as much as a short answer. */
  begin(length: number | undefined): Writable | undefined {
    this.#reply.hijack()
    const { raw } = this.#reply
    const { stream } = raw as { readonly stream?: ServerHttp2Stream }
    return stream === undefined ? raw.writeHead(200, answerHeaders(length)) : respond(stream, length)
  }

  fail(form: ErrorForm): void {
    void sendError(this.#reply, form)
  }

  dropRest(): void {
    const { raw } = this.#reply
    raw.once('finish', () => raw.req.destroy())
    if (raw.req.httpVersionMajor === 1) raw.setHeader('connection', 'close')
  }

  turnAway(form: ErrorForm): void {
    this.dropRest()
    this.fail(form)
  }
}

/** The HTTP/2 session or the socket that a request came on. */
export function connectionOf(request: FastifyRequest): object {
  const raw = request.raw as { readonly stream?: { readonly session?: object } }
  return raw.stream?.session ?? request.raw.socket
}

let streams = 0

/** One that is taken as Node's HTTP/2 gives it. */
export class StreamExchange implements Exchange {
  readonly id = `stream-${(++streams).toString(36)}`
  readonly headers: IncomingHttpHeaders
  readonly connection: object
  readonly body: ServerHttp2Stream
  readonly isHead = false
  status = 200

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders) {
    this.body = stream
    this.connection = stream.session ?? stream
    this.headers = headers
    // A peer that breaks a stream is no fault of ours, and the stream is closed then.
    stream.on('error', () => undefined)
  }

  onceClosed(listener: () => void): void {
    this.body.once('close', listener)
  }

  begin(length: number | undefined): Writable | undefined {
    return respond(this.body, length)
  }

  fail({ status, headers, body }: ErrorForm): void {
    this.status = status
    if (isGone(this.body) || this.body.headersSent) return
    const bytes = Buffer.from(body, 'utf8')
    this.body.respond({ ':status': status, ...headers, ...answerHeaders(bytes.length) })
    this.body.end(bytes)
  }

  dropRest(): void {
    this.body.once('finish', () => this.body.close(constants.NGHTTP2_NO_ERROR))
  }

  turnAway(form: ErrorForm): void {
    this.dropRest()
    this.fail(form)
  }
}

/** Not as HTTP/1.1 would: a response in its shape might have trailers, and says that it is over with a write of its own. */
function respond(stream: ServerHttp2Stream, length: number | undefined): Writable | undefined {
  if (isGone(stream)) return undefined
  stream.respond({ ':status': 200, ...answerHeaders(length) })
  return stream
}

/** Whether nothing can be sent any more. */
function isGone(stream: ServerHttp2Stream): boolean {
  return stream.destroyed || stream.closed
}
