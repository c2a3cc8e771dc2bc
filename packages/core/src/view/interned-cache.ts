import type { Interned } from '@roomserver/types'
import { ByteCache } from './byte-cache.ts'

/** A cache of texts that have numbers, found by either. */
export class InternedCache<Nid extends number> {
  readonly #byText: ByteCache<string, Interned<Nid>>
  readonly #byNid: ByteCache<Nid, Interned<Nid>>

  constructor(maxBytes: number) {
    this.#byText = new ByteCache(maxBytes / 2, ({ text }) => 100 + text.length)
    this.#byNid = new ByteCache(maxBytes / 2, ({ text }) => 100 + text.length)
  }

  get bytes(): number {
    return this.#byText.bytes + this.#byNid.bytes
  }

  nid(text: string): Nid | undefined {
    return this.#byText.get(text)?.nid
  }

  text(nid: Nid): string | undefined {
    return this.#byNid.get(nid)?.text
  }

  put(nid: Nid, text: string): void {
    const interned = { nid, text }
    this.#byText.set(text, interned)
    this.#byNid.set(nid, interned)
  }
}
