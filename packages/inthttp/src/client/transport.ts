/** One POST and what it may cost. */
export interface Exchange {
  /** Path on the peer, from the root. */
  readonly path: string
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
  readonly timeoutMs: number
  /** Longest answer that is taken. */
  readonly maxAnswerBytes: number
  readonly signal: AbortSignal | undefined
}

/** What a peer answered. */
export interface PeerAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: Uint8Array
}

/** Connections to one peer. */
export interface Transport {
  /** @throws {TransportFault} when there is no answer */
  exchange(exchange: Exchange): Promise<PeerAnswer>
  close(): Promise<void>
}

/** Why there was no answer. */
export class TransportFault extends Error {
  /**
   * - `unreached`: the peer cannot have seen the request
   * - `broken`: it may have; the connection broke
   * - `timeout`: it may have; nothing came back in time
   * - `abandoned`: the caller lost interest
   * - `too-long`: the answer was longer than is taken
   */
  readonly kind: 'unreached' | 'broken' | 'timeout' | 'abandoned' | 'too-long'

  constructor(kind: TransportFault['kind'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.kind = kind
  }
}

/** The fault behind an error of a connection: some say that nothing was sent. */
export function faultOf(error: Error): TransportFault {
  const { cause, code } = error as NodeJS.ErrnoException
  // The error of a stream does not say why its connection ended; its cause does.
  if (code === 'ERR_HTTP2_STREAM_CANCEL' && cause instanceof Error) return faultOf(cause)
  const kind = code !== undefined && NOTHING_SENT.has(code) ? 'unreached' : 'broken'
  return new TransportFault(kind, error.message === '' ? (code ?? 'connection failed') : error.message, {
    cause: error,
  })
}

const NOTHING_SENT: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
  'EACCES',
])

/** Collects an answer's body up to a limit. */
export class AnswerBody {
  readonly #chunks: Uint8Array[] = []
  #length = 0
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  /** False: that is too much. */
  add(chunk: Uint8Array): boolean {
    this.#length += chunk.length
    this.#chunks.push(chunk)
    return this.#length <= this.#limit
  }

  bytes(): Uint8Array {
    return Buffer.concat(this.#chunks, this.#length)
  }
}

/** The fault of a call whose caller has lost interest. */
export function abandoned(): TransportFault {
  return new TransportFault('abandoned', 'cancelled by the caller')
}

/** Calls `stop` when the time is up or the caller has lost interest; returns what ends the watch. */
export function watch(exchange: Exchange, stop: (fault: TransportFault) => void): () => void {
  const { signal, timeoutMs } = exchange
  const abandon = () => stop(abandoned())
  const late = () => stop(new TransportFault('timeout', `no answer in ${timeoutMs} ms`))
  const timer = setTimeout(late, timeoutMs)
  signal?.addEventListener('abort', abandon, { once: true })
  return () => {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abandon)
  }
}
