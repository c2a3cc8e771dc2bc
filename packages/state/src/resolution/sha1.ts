const INITIAL = [0x67_45_23_01, 0xef_cd_ab_89, 0x98_ba_dc_fe, 0x10_32_54_76, 0xc3_d2_e1_f0]

/**
 * SHA-1 of a text (as UTF-8), in lower-case hex. Room version 1 orders events by it; it protects nothing, so that a
 * plain implementation serves every platform.
 */
export function sha1Hex(text: string): string {
  const blocks = padded(new TextEncoder().encode(text))
  let hash: readonly number[] = INITIAL
  for (let at = 0; at < blocks.byteLength; at += 64)
    hash = compress(hash, new DataView(blocks.buffer, at, 64))
  return hash.map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('')
}

/** The message, a one bit, zeros, and its length in bits, filling whole blocks of 64 bytes. */
function padded(message: Uint8Array): Uint8Array<ArrayBuffer> {
  const blocks = new Uint8Array(Math.ceil((message.length + 9) / 64) * 64)
  blocks.set(message)
  blocks[message.length] = 0x80
  new DataView(blocks.buffer).setUint32(blocks.length - 4, message.length * 8)
  return blocks
}

function compress(hash: readonly number[], block: DataView): number[] {
  const words = schedule(block)
  let [a = 0, b = 0, c = 0, d = 0, e = 0] = hash
  words.forEach((word, round) => {
    const next = (rotate(a, 5) + mix(round, b, c, d) + e + word) | 0
    ;[a, b, c, d, e] = [next, a, rotate(b, 30), c, d]
  })
  return [a, b, c, d, e].map((word, index) => (word + (hash[index] ?? 0)) | 0)
}

function schedule(block: DataView): number[] {
  const words = Array.from({ length: 16 }, (_, index) => block.getInt32(index * 4))
  for (let i = 16; i < 80; i++) {
    const before = (distance: number): number => words[i - distance] ?? 0
    words.push(rotate(before(3) ^ before(8) ^ before(14) ^ before(16), 1))
  }
  return words
}

/** The round's function of b, c and d, with its constant. */
function mix(round: number, b: number, c: number, d: number): number {
  if (round < 20) return ((b & c) | (~b & d)) + 0x5a_82_79_99
  if (round < 40) return (b ^ c ^ d) + 0x6e_d9_eb_a1
  if (round < 60) return ((b & c) | (b & d) | (c & d)) + 0x8f_1b_bc_dc
  return (b ^ c ^ d) + 0xca_62_c1_d6
}

function rotate(word: number, by: number): number {
  return (word << by) | (word >>> (32 - by))
}
