/** Deeper levels are not indented further, so that the text stays as long as its parts. */
const DEEPEST_INDENT = 24

/**
 * Lays JSON text out over lines. It is not parsed: numbers, escapes and repeated members stay as they are written. Linear;
 * text that is not JSON comes back with line breaks at odd places.
 */
export function indentJson(json: string): string {
  const parts: string[] = []
  let depth = 0
  const breakLine = (): void => {
    parts.push(`\n${'  '.repeat(Math.min(depth, DEEPEST_INDENT))}`)
  }
  for (const [token] of json.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"?|[{}[\],:]|[^\s"{}[\],:]+/gs)) {
    const isClosing = token === '}' || token === ']'
    if (isClosing) {
      depth = Math.max(0, depth - 1)
      if (parts.at(-1) !== '{' && parts.at(-1) !== '[') breakLine()
    } else if (parts.at(-1) === '{' || parts.at(-1) === '[') breakLine()
    parts.push(token)
    if (token === '{' || token === '[') depth++
    else if (token === ',') breakLine()
    else if (token === ':') parts.push(' ')
  }
  return parts.join('')
}
