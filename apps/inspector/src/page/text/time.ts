/** A time as people read it, in UTC so that it compares with logs: `2026-11-30 02:35:07`. */
export function timeText(ms: number): string {
  const date = new Date(ms)
  if (ms <= 0 || Number.isNaN(date.getTime())) return ''
  return date.toISOString().slice(0, 19).replace('T', ' ')
}

/** Bytes as people read them: `1.2 MB`. */
export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`
}

/** A number with its thousands apart. */
export function countText(count: number): string {
  return count.toLocaleString('en')
}
