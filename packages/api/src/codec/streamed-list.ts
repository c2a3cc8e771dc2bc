/** Something written already, in UTF-8, or a promise to wait for before the next can be had. */
export type StreamedPart = Uint8Array | Promise<void>

/**
 * A list in an answer that is written already, or while it is sent: its parts together are its JSON text, brackets
 * included; in an answer that is one flat object, all of that. They are asked for one at a time, so that of a long list no more is held than is on its way.
 */
export class StreamedList {
  /** Begins from the start each time. A part that fails breaks the answer off. */
  readonly parts: () => Iterable<StreamedPart>

  constructor(parts: () => Iterable<StreamedPart>) {
    this.parts = parts
  }
}

/** A response in which a list may stand as {@link StreamedList}. */
export type Streamed<Response> = {
  readonly [Member in keyof Response]: Response[Member] extends readonly unknown[]
    ? Response[Member] | StreamedList
    : Response[Member]
}

/** Operations whose answers come written, for who sends them on. */
export type StreamedApi<Api> = {
  readonly [Name in keyof Api]?: Api[Name] extends (...args: infer Args) => Promise<infer Response>
    ? (...args: Args) => Promise<Streamed<Response>>
    : never
}
