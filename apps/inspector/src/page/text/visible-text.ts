/** A piece of a text: as it is, or a character that cannot be seen or reorders its neighbours, written out. */
export interface TextPiece {
  readonly text: string
  readonly isEscaped: boolean
}

/**
 * Characters that show nothing, break lines or change the order of what stands around them: controls, format characters
 * (bidirectional marks, zero-width ones, tags), line separators, lone surrogates, private use and spaces other than the
 * usual one. The joiner of emoji is one of them; an emoji that is written as its parts deceives nobody. And combining marks
 * beyond three in a row, which run over the lines around them.
 */
const HIDDEN =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\u115f\u1160\u2800\u3164\uffa0]|\u034f|[\u180b-\u180f]|(?! )\p{Zs}|(?<stacked>(?<=\p{M}{3})\p{M}+)/gu

/**
 * Splits a text so that whoever shows it can mark what was written out. Linear in the text; texts of other servers are
 * never shown in another way.
 *
 * @param keepsLines - leaves line breaks and tabs as they are, for blocks of text
 */
export function visiblePieces(text: string, keepsLines = false): readonly TextPiece[] {
  const pieces: TextPiece[] = []
  let shown = 0
  for (const { 0: hidden, groups, index } of text.matchAll(HIDDEN)) {
    if (keepsLines && (hidden === '\n' || hidden === '\t')) continue
    if (index > shown) pieces.push({ text: text.slice(shown, index), isEscaped: false })
    pieces.push({ text: groups?.['stacked'] === undefined ? escapeOf(hidden) : '…', isEscaped: true })
    shown = index + hidden.length
  }
  if (shown < text.length || pieces.length === 0) pieces.push({ text: text.slice(shown), isEscaped: false })
  return pieces
}

/** The same as one string, for titles and labels. */
export function visibleText(text: string): string {
  return visiblePieces(text)
    .map((piece) => piece.text)
    .join('')
}

function escapeOf(hidden: string): string {
  return NAMED[hidden] ?? `\\u{${(hidden.codePointAt(0) ?? 0).toString(16)}}`
}

const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\0': '\\0' }
