/** Pieces that a connection may send beyond the first of each body, whatever their length. */
const FREE_PIECES = 1_024
/** The length that further ones have on average, with all that comes on the connection, in bytes. */
const LEAST_PIECE_BYTES = 64

interface Sent {
  /** Pieces other than the first of a body. */
  pieces: number
  bytes: number
}

/**
 * Notices connections that send their bodies in more and smaller pieces than anybody needs: taking one costs as much as
 * some hundred bytes, and a read of the socket may bring thousands. Short bodies, which come in one piece each, do not
 * count, however many they are.
 */
export class SmallPieces {
  readonly #sent = new WeakMap<object, Sent>()

  /** Counts a piece of a body. True: its connection has sent too many small ones. */
  add(connection: object, bytes: number, isFirst: boolean): boolean {
    let sent = this.#sent.get(connection)
    if (sent === undefined) this.#sent.set(connection, (sent = { pieces: 0, bytes: 0 }))
    sent.bytes += bytes
    if (isFirst) return false
    sent.pieces++
    return sent.pieces > FREE_PIECES + sent.bytes / LEAST_PIECE_BYTES
  }
}
