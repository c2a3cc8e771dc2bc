const MASK = (1n << 64n) - 1n

interface Constants {
  readonly rounds: readonly bigint[]
  readonly start: readonly bigint[]
}

let known: Constants | undefined

/** The first 64 bits behind the point of the cube roots (rounds) and square roots (start) of the first primes. */
function constants(): Constants {
  if (known === undefined) {
    const first = primes(80)
    const rounds = first.map((p) => root(p << 192n, 3n) & MASK)
    known = { rounds, start: first.slice(0, 8).map((p) => root(p << 128n, 2n) & MASK) }
  }
  return known
}

/** SHA-512 (FIPS 180-4), for short messages: plain rather than fast, and synchronous everywhere. */
export function sha512(message: Uint8Array): Uint8Array {
  const { rounds, start } = constants()
  let hash = start
  const words = padded(message)
  for (let at = 0; at < words.length; at += 16) hash = compress(hash, words.slice(at, at + 16), rounds)
  const out = new Uint8Array(64)
  const view = new DataView(out.buffer)
  hash.forEach((word, i) => view.setBigUint64(i * 8, word))
  return out
}

function padded(message: Uint8Array): bigint[] {
  const bytes = new Uint8Array((((message.length + 16) >> 7) + 1) << 7)
  bytes.set(message)
  bytes[message.length] = 0x80
  const view = new DataView(bytes.buffer)
  view.setBigUint64(bytes.length - 8, BigInt(message.length) * 8n)
  return Array.from({ length: bytes.length / 8 }, (_, i) => view.getBigUint64(i * 8))
}

function compress(
  hash: readonly bigint[],
  block: readonly bigint[],
  rounds: readonly bigint[],
): readonly bigint[] {
  const w = [...block]
  for (let t = 16; t < 80; t++) {
    const [w2, w7, w15, w16] = [w[t - 2] ?? 0n, w[t - 7] ?? 0n, w[t - 15] ?? 0n, w[t - 16] ?? 0n]
    const small1 = rotate(w2, 19n) ^ rotate(w2, 61n) ^ (w2 >> 6n)
    const small0 = rotate(w15, 1n) ^ rotate(w15, 8n) ^ (w15 >> 7n)
    w.push((small1 + w7 + small0 + w16) & MASK)
  }
  let [a = 0n, b = 0n, c = 0n, d = 0n, e = 0n, f = 0n, g = 0n, h = 0n] = hash
  for (let t = 0; t < 80; t++) {
    const big1 = rotate(e, 14n) ^ rotate(e, 18n) ^ rotate(e, 41n)
    const first = h + big1 + ((e & f) ^ (~e & MASK & g)) + (rounds[t] ?? 0n) + (w[t] ?? 0n)
    const big0 = rotate(a, 28n) ^ rotate(a, 34n) ^ rotate(a, 39n)
    const second = big0 + ((a & b) ^ (a & c) ^ (b & c))
    ;[a, b, c, d, e, f, g, h] = [(first + second) & MASK, a, b, c, (d + first) & MASK, e, f, g]
  }
  return [a, b, c, d, e, f, g, h].map((word, i) => (word + (hash[i] ?? 0n)) & MASK)
}

function rotate(word: bigint, by: bigint): bigint {
  return ((word >> by) | (word << (64n - by))) & MASK
}

function primes(count: number): bigint[] {
  const found: bigint[] = []
  for (let n = 2n; found.length < count; n++) if (found.every((p) => n % p !== 0n)) found.push(n)
  return found
}

/** The whole part of the `degree`-th root, by bisection. */
function root(value: bigint, degree: bigint): bigint {
  let low = 0n
  let high = 1n << 128n
  while (high - low > 1n) {
    const middle = (low + high) >> 1n
    if (middle ** degree <= value) low = middle
    else high = middle
  }
  return low
}
