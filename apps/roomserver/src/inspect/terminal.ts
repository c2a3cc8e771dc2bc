/** How text is laid out. */
export interface Terminal {
  /** Columns of text. */
  readonly width: number
  readonly isColoured: boolean
}

/** Where no terminal says how wide it is. */
const USUAL_WIDTH = 100
/** Longer lines of prose are hard to read. */
const MAX_PROSE = 100

/** The terminal that standard output is; plain text of a usual width where it is none. */
export function terminalOf(output: NodeJS.WriteStream, environment: NodeJS.ProcessEnv): Terminal {
  const columns = output.isTTY ? output.columns : Number(environment['COLUMNS'])
  const width = Number.isSafeInteger(columns) && columns >= 40 ? columns : USUAL_WIDTH
  const isColoured = output.isTTY && (environment['NO_COLOR'] ?? '') === '' && environment['TERM'] !== 'dumb'
  return { width, isColoured }
}

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const

/** Text in a colour, where the terminal shows colours. */
export function coloured(text: string, colour: keyof typeof CODES, { isColoured }: Terminal): string {
  return isColoured ? `\u001b[${CODES[colour]}m${text}\u001b[0m` : text
}

const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/gu
const CHARACTER = /[^]/gu
const NARROW = /\p{M}/gu

/** How many columns a text takes. */
export function columnsOf(text: string): number {
  const wide = text.match(WIDE)?.length ?? 0
  const none = text.match(NARROW)?.length ?? 0
  const characters = text.match(CHARACTER)?.length ?? 0
  return characters + wide - none
}

/** A paragraph in lines that fit. */
export function wrapped(text: string, { width }: Terminal, indent = ''): string {
  const limit = Math.min(width, MAX_PROSE) - indent.length
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    if (line !== '' && columnsOf(longer) > limit) {
      lines.push(line)
      line = word
    } else line = longer
  }
  return [...lines, line].map((one) => `${indent}${one}`).join('\n')
}
