import { sha512 } from './sha512.ts'

/** The field, the order of the base point, and the constant of the curve -x² + y² = 1 + dx²y². */
const P = (1n << 255n) - 19n
const ORDER = (1n << 252n) + 27742317777372353535851937790883648493n
const D = 0x52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3n
const SQRT_MINUS_ONE = 0x2b8324804fc1df0b2b4d00993dfbd7a72f431806ad2fe478c4ee1b274a0ea0b0n
const BASE_X = 0x216936d3cd6e53fec0a4e231fdd6dc5c692cc7609525a7b2c9562d608f25d51an
const BASE_Y = 0x6666666666666666666666666666666666666666666666666666666666666658n

/** A point as X/Z, Y/Z, with T = XY/Z. */
interface Point {
  readonly x: bigint
  readonly y: bigint
  readonly z: bigint
  readonly t: bigint
}

const ZERO: Point = { x: 0n, y: 1n, z: 1n, t: 0n }
const BASE: Point = { x: BASE_X, y: BASE_Y, z: 1n, t: (BASE_X * BASE_Y) % P }

/**
 * Verifies an Ed25519 signature. Synchronous and portable, at a few milliseconds each: for the rare signature inside an
 * event. Nothing here is secret, so its time may depend on the values.
 *
 * @see https://www.rfc-editor.org/rfc/rfc8032#section-5.1.7
 */
export function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false
  const key = decode(publicKey)
  const r = decode(signature.subarray(0, 32))
  const s = littleEndian(signature.subarray(32))
  if (key === undefined || r === undefined || s >= ORDER) return false
  const hashed = new Uint8Array(64 + message.length)
  hashed.set(signature.subarray(0, 32))
  hashed.set(publicKey, 32)
  hashed.set(message, 64)
  const k = littleEndian(sha512(hashed)) % ORDER
  // sB = R + kA, as sB + k(-A) = R
  return isSame(add(times(BASE, s), times(negative(key), k)), r)
}

function decode(bytes: Uint8Array): Point | undefined {
  const packed = littleEndian(bytes)
  const y = packed & ((1n << 255n) - 1n)
  if (y >= P) return undefined
  const x = recoverX(y, packed >> 255n)
  return x === undefined ? undefined : { x, y, z: 1n, t: mod(x * y) }
}

function recoverX(y: bigint, sign: bigint): bigint | undefined {
  const u = mod(y * y - 1n)
  const v = mod(D * y * y + 1n)
  let x = mod(u * v ** 3n * power(mod(u * v ** 7n), (P - 5n) / 8n))
  const square = mod(v * x * x)
  if (square === mod(-u)) x = mod(x * SQRT_MINUS_ONE)
  else if (square !== u) return undefined
  if (x === 0n && sign === 1n) return undefined
  return (x & 1n) === sign ? x : P - x
}

function add(p: Point, q: Point): Point {
  const a = mod((p.y - p.x) * (q.y - q.x))
  const b = mod((p.y + p.x) * (q.y + q.x))
  const c = mod(2n * D * p.t * q.t)
  const d = mod(2n * p.z * q.z)
  const [e, f, g, h] = [b - a, d - c, d + c, b + a]
  return { x: mod(e * f), y: mod(g * h), z: mod(f * g), t: mod(e * h) }
}

function times(point: Point, scalar: bigint): Point {
  let sum = ZERO
  let doubled = point
  for (let rest = scalar; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) sum = add(sum, doubled)
    doubled = add(doubled, doubled)
  }
  return sum
}

function negative(p: Point): Point {
  return { x: mod(-p.x), y: p.y, z: p.z, t: mod(-p.t) }
}

function isSame(p: Point, q: Point): boolean {
  return mod(p.x * q.z - q.x * p.z) === 0n && mod(p.y * q.z - q.y * p.z) === 0n
}

function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n)
}

function mod(value: bigint): bigint {
  const rest = value % P
  return rest < 0n ? rest + P : rest
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n
  let squared = mod(base)
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = mod(result * squared)
    squared = mod(squared * squared)
  }
  return result
}
