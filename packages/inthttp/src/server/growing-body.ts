import { BodyDecoder, type Decoded, type DecodeLimits, decode } from '@roomserver/api'

/** The description of a request, as it is decoded. */
export type Schema<T> = Parameters<typeof decode<T>>[0]

/** Length up to which a body is decoded at once, in bytes. */
const SHORT_BYTES = 64 * 1024
/** After how many bytes of a long one others get a turn: about a millisecond's work. */
const TURN_BYTES = 64 * 1024

/** How many times its length a short body takes once it is read. */
const READ_FACTOR = 4

/** What has come of a body: a short one as it is, a longer one decoded as far as that goes. */
export class GrowingBody<T> {
  length = 0
  readonly #schema: Schema<T>
  readonly #limits: DecodeLimits
  /** What came of a short one. The first piece is kept as it came; with the second all of them are copied into one. */
  #bytes: Uint8Array = new Uint8Array(0)
  #isOwn = false
  #decoder: BodyDecoder<T> | undefined
  #isRead = false
  #turnAt = SHORT_BYTES + TURN_BYTES

  constructor(schema: Schema<T>, limits: DecodeLimits) {
    this.#schema = schema
    this.#limits = limits
  }

  /** What is held of it, in bytes: of a short one its text, and once that is read about what it became. */
  get heldBytes(): number {
    return this.#decoder?.heldBytes ?? this.#bytes.length * (this.#isRead ? READ_FACTOR : 1)
  }

  /** Set once it is certain that it will not do, since it goes beyond a bound. */
  get refusal(): Extract<Decoded<T>, { ok: false }> | undefined {
    const refusal = this.#decoder?.refusal
    return refusal?.isTooLarge === true ? refusal : undefined
  }

  /** Takes what comes next. True: that was work, and it is others' turn. */
  add(piece: Uint8Array): boolean {
    const start = this.length
    this.length += piece.length
    if (this.#decoder !== undefined) this.#decoder.add(piece)
    else if (start === 0) this.#bytes = piece
    else this.#append(piece, start)
    if (this.length > SHORT_BYTES) this.#decoder ??= this.#begin()
    if (this.length < this.#turnAt) return false
    this.#turnAt = this.length + TURN_BYTES
    return true
  }

  end(): Decoded<T> {
    if (this.#decoder !== undefined) return this.#decoder.end()
    this.#isRead = true
    return decode(this.#schema, this.#bytes.subarray(0, this.length), this.#limits)
  }

  /** Puts a piece behind the others: kept by itself, one of a byte would take some hundred. */
  #append(piece: Uint8Array, at: number): void {
    if (!this.#isOwn || this.length > this.#bytes.length) {
      const bytes = new Uint8Array(2 * this.length)
      bytes.set(this.#bytes)
      this.#bytes = bytes
      this.#isOwn = true
    }
    this.#bytes.set(piece, at)
  }

  #begin(): BodyDecoder<T> {
    const decoder = new BodyDecoder(this.#schema, this.#limits)
    decoder.add(this.#bytes.subarray(0, this.length))
    this.#bytes = new Uint8Array(0)
    return decoder
  }
}
