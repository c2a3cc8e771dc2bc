import type { z } from 'zod'
import { type Decoded, decodeFrom } from './decode.ts'
import type { DecodeLimits } from './held-bytes.ts'
import { JsonReader } from './json-reader.ts'

/** How many bytes are gathered before they are looked at: less than a millisecond's work. */
const PORTION_BYTES = 64 * 1024

/**
 * Decodes a body while it comes, with the same outcome as `decode` has for all of it. What is at hand is read and let
 * go, so that beside the value nothing is held but what of an element has come so far.
 *
 * Takes time in proportion to the body, however it is cut: what ends too early is looked at again when it is twice as
 * long.
 */
export class BodyDecoder<T> {
  readonly #input: JsonReader
  readonly #portionBytes: number
  #decoding: ReturnType<typeof decodeFrom<T>> | undefined
  #decoded: Decoded<T> | undefined
  #buffer: Uint8Array
  /** How much of the buffer is filled. */
  #end = 0
  /** How many unread bytes there have to be before they are looked at. */
  #wanted: number

  /**
   * @param schema - one made by this package
   * @param limits - on what comes of the body; none where left out
   * @param portionBytes - how many bytes are gathered before they are looked at
   */
  constructor(schema: z.ZodType<T>, limits?: DecodeLimits, portionBytes = PORTION_BYTES) {
    this.#input = new JsonReader(new Uint8Array(0), false, limits)
    this.#portionBytes = portionBytes
    this.#wanted = portionBytes
    this.#buffer = new Uint8Array(2 * portionBytes)
    this.#decoding = decodeFrom(schema, this.#input)
  }

  /** Takes the next bytes of the body; they are copied. */
  add(bytes: Uint8Array): void {
    if (this.#decoding === undefined) return
    this.#append(bytes)
    if (this.#unread >= this.#wanted) this.#read(false)
  }

  /** Says that the body is over. */
  end(): Decoded<T> {
    this.#read(true)
    if (this.#decoded === undefined) throw new Error('a body that is over cannot lack bytes')
    return this.#decoded
  }

  /** What is held of the body, in bytes, roughly: values, and what could not be read yet. */
  get heldBytes(): number {
    return this.#input.held.count + this.#unread
  }

  /** What is already certain of the body: that it will not do. */
  get refusal(): Extract<Decoded<T>, { ok: false }> | undefined {
    return this.#decoded?.ok === false ? this.#decoded : undefined
  }

  get #unread(): number {
    return this.#decoding === undefined ? 0 : this.#end - this.#input.at
  }

  /** Appends bytes to the unread ones, which are moved to the front if there is not enough space. */
  #append(bytes: Uint8Array): void {
    if (this.#end + bytes.length > this.#buffer.length) this.#makeRoom(bytes.length)
    this.#buffer.set(bytes, this.#end)
    this.#end += bytes.length
  }

  /**
   * Moves the unread bytes to the front, in the same buffer where half of it is free then: no value is part of it. A new
   * one each time would be garbage of twice the length of the body.
   */
  #makeRoom(bytes: number): void {
    const unread = this.#buffer.subarray(this.#input.at, this.#end)
    const roomy = 2 * (unread.length + bytes)
    if (roomy > this.#buffer.length) {
      const buffer = new Uint8Array(roomy)
      buffer.set(unread)
      this.#buffer = buffer
    } else {
      this.#buffer.copyWithin(0, this.#input.at, this.#end)
    }
    this.#end = unread.length
    this.#input.resume(this.#buffer.subarray(0, this.#end), false, 0)
  }

  #read(isWhole: boolean): void {
    const decoding = this.#decoding
    if (decoding === undefined) return
    this.#input.resume(this.#buffer.subarray(0, this.#end), isWhole, this.#input.at)
    let step = decoding.next()
    while (step.done !== true && step.value === undefined) step = decoding.next()
    if (step.done === true) this.#settle(step.value)
    this.#wanted = Math.max(this.#portionBytes, 2 * this.#unread)
  }

  /** What comes from now on is not looked at. */
  #settle(decoded: Decoded<T>): void {
    this.#decoded = decoded
    this.#decoding = undefined
    this.#buffer = new Uint8Array(0)
    this.#end = 0
  }
}
