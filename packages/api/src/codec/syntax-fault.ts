/** Ends the decoding of a text that is not valid JSON. Never leaves the codec. */
export class SyntaxFault extends Error {}

/** The text ends too early, or there is nothing but space (`EOF`). */
export class EndOfText extends SyntaxFault {
  constructor(anythingSeen: boolean) {
    super(anythingSeen ? 'unexpected EOF' : 'EOF')
  }
}

/** More than a bound allows of something. What follows it need not be read to know that the text will not do. */
export class SizeFault extends SyntaxFault {}

/** A byte that does not belong where it stands, in Go's words. */
export function invalidByte(byte: number, where: string): SyntaxFault {
  return new SyntaxFault(`invalid character ${quoted(byte)} ${where}`)
}

/** A byte as Go quotes it: as the code point of that number, escaped when it cannot be seen. */
function quoted(byte: number): string {
  const text = String.fromCharCode(byte)
  if (text === "'") return String.raw`'\''`
  if (text === '"') return `'"'`
  const escape = ESCAPES.get(byte)
  if (escape !== undefined) return `'${escape}'`
  if (byte < 0x20 || byte === 0x7f) return `'\\x${byte.toString(16).padStart(2, '0')}'`
  if ((byte > 0x7f && byte <= 0xa0) || byte === 0xad) return `'\\u${byte.toString(16).padStart(4, '0')}'`
  return `'${text}'`
}

const ESCAPES: ReadonlyMap<number, string> = new Map([
  [0x07, String.raw`\a`],
  [0x08, String.raw`\b`],
  [0x0c, String.raw`\f`],
  [0x0a, String.raw`\n`],
  [0x0d, String.raw`\r`],
  [0x09, String.raw`\t`],
  [0x0b, String.raw`\v`],
  [0x5c, String.raw`\\`],
])
