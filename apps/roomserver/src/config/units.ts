const DURATION_PART = /(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/gy
const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
}

/** `168h0m0s`, `1h30m`, `250ms` as milliseconds; `undefined` for anything else. */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0
  let total = 0
  let end = 0
  for (const match of text.matchAll(DURATION_PART)) {
    total += Number(match[1]) * (UNIT_MS[match[2] ?? ''] ?? 0)
    end = match.index + match[0].length
  }
  return end === text.length && end > 0 ? total : undefined
}

const SIZE = /^(\d+(?:\.\d+)?)\s*(tb|gb|mb|kb|b|)$/i
const SIZE_EXPONENT: Readonly<Record<string, number>> = { tb: 4, gb: 3, mb: 2, kb: 1, b: 0, '': 0 }

/** `128mb`, `1.5gb`, `4096` as bytes, counted in powers of 1024; `undefined` for anything else. */
export function parseSize(text: string): number | undefined {
  const match = SIZE.exec(text.trim())
  if (match === null) return undefined
  return Math.round(Number(match[1]) * 1024 ** (SIZE_EXPONENT[(match[2] ?? '').toLowerCase()] ?? 0))
}
