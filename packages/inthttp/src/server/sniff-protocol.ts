import type { Socket } from 'node:net'

/** What a client of HTTP/2 with prior knowledge says first. @see https://www.rfc-editor.org/rfc/rfc9113#section-3.4 */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n', 'latin1')

export type Protocol = 'http/1.1' | 'h2c'

/**
 * Tells from the first bytes of a connection which protocol it speaks, and leaves them to be read again. A connection
 * that does not say so in time, or breaks, is closed, and `decided` is not called.
 */
export function sniffProtocol(
  socket: Socket,
  timeoutMs: number,
  decided: (protocol: Protocol) => void,
): void {
  let seen: Buffer = Buffer.alloc(0)
  const finish = () => {
    clearTimeout(timer)
    socket.off('readable', look)
    socket.off('error', giveUp)
    socket.off('end', giveUp)
    socket.off('close', finish)
  }
  const giveUp = () => {
    finish()
    socket.destroy()
  }
  const look = () => {
    const chunk = socket.read() as Buffer | null
    if (chunk === null) return
    // Usually the first chunk is enough, and it can be long: do not copy it.
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk])
    const protocol = protocolOf(seen)
    if (protocol === undefined) return
    finish()
    socket.unshift(seen)
    decided(protocol)
  }
  const timer = setTimeout(giveUp, timeoutMs)
  socket.on('readable', look)
  socket.on('error', giveUp)
  socket.on('end', giveUp)
  // Others close it as well, as a server that stops; a timer would keep the process alive.
  socket.on('close', finish)
}

/** `undefined`: too little to tell. */
function protocolOf(bytes: Buffer): Protocol | undefined {
  const length = Math.min(bytes.length, PREFACE.length)
  if (!bytes.subarray(0, length).equals(PREFACE.subarray(0, length))) return 'http/1.1'
  return length === PREFACE.length ? 'h2c' : undefined
}
