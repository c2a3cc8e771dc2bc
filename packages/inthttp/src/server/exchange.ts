import type { IncomingHttpHeaders } from 'node:http'
import { constants, type ServerHttp2Stream } from 'node:http2'
import type { Readable, Writable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ErrorForm } from './error-form.ts'
import { sendError } from './send-error.ts'

const JSON_TYPE = { 'content-type': 'application/json' }

/** A request for an operation, and the way back to who asked. */
export class Exchange {
  /** The HTTP/2 session or the socket that the request came on. */
  readonly connection: object
  readonly #request: FastifyRequest
  readonly #reply: FastifyReply
  /**
   * The stream of an HTTP/2 request. Bodies are read from it, and answers written to it, and not by way of the objects
   * in which Node gives it the shape of HTTP/1.1: each of these copies every chunk once more.
   */
  readonly #stream: ServerHttp2Stream | undefined

  constructor(request: FastifyRequest, reply: FastifyReply) {
    this.#request = request
    this.#reply = reply
    this.#stream = streamOf(request)
    this.connection = connectionOf(request)
  }

  /** Names the request in the log. */
  get id(): string {
    return this.#request.id
  }

  get headers(): IncomingHttpHeaders {
    return this.#request.headers
  }

  get body(): Readable {
    return this.#stream ?? this.#request.raw
  }

  /** Whether only the headers of an answer are asked for. */
  get isHead(): boolean {
    return this.#request.method === 'HEAD'
  }

  /** The status of the answer. */
  get status(): number {
    return this.#reply.statusCode
  }

  /** Calls when everything was sent or the caller has disconnected. */
  onceClosed(listener: () => void): void {
    const { raw } = this.#reply
    if (this.#stream === undefined) raw.once('close', listener)
    else this.#stream.once('close', listener)
  }

  /**
   * Sends the headers of an answer, and gives what takes its body; `undefined`: the caller has disconnected. The answer is not
   * Fastify's any more from then on.
   *
   * @param length - bytes of the body, where that is known
   */
  begin(length: number | undefined): Writable | undefined {
    const headers = length === undefined ? JSON_TYPE : { ...JSON_TYPE, 'content-length': length }
    const stream = this.#stream
    this.#reply.hijack()
    if (stream === undefined) return this.#reply.raw.writeHead(200, headers)
    if (stream.destroyed || stream.closed) return undefined
    stream.respond({ ':status': 200, ...headers })
    return stream
  }

  /** Sends an error. */
  fail(form: ErrorForm): void {
    void sendError(this.#reply, form)
  }

  /** Reads no more of the body once the answer is sent. */
  dropRest(): void {
    const stream = this.#stream
    if (stream !== undefined) {
      stream.once('finish', () => stream.close(constants.NGHTTP2_NO_ERROR))
      return
    }
    const { raw } = this.#reply
    raw.once('finish', () => raw.req.destroy())
    raw.setHeader('connection', 'close')
  }

  /**
   * Turns away a request whose connection is a burden on others: over HTTP/2, where other requests may go on sending, with
   * the whole connection.
   */
  turnAwayConnection(form: ErrorForm): void {
    const session = this.#stream?.session
    if (session === undefined) return this.turnAway(form)
    session.destroy(new Error(form.body), constants.NGHTTP2_ENHANCE_YOUR_CALM)
  }

  /** Sends an error and reads no more of the body. */
  turnAway(form: ErrorForm): void {
    this.dropRest()
    this.fail(form)
  }
}

function streamOf({ raw }: FastifyRequest): ServerHttp2Stream | undefined {
  return (raw as { readonly stream?: ServerHttp2Stream }).stream
}

/** The HTTP/2 session or the socket that a request came on. */
export function connectionOf(request: FastifyRequest): object {
  const stream = streamOf(request)
  return stream === undefined ? request.raw.socket : (stream.session ?? stream)
}
