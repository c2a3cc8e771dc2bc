import type { JSX } from 'preact'
import { visiblePieces, visibleText } from './visible-text.ts'

/**
 * A text of other servers in a line: never markup, isolated from the direction of what is around it, hidden characters
 * written out and marked.
 */
export function Text({ value, cut = 200 }: { readonly value: string; readonly cut?: number }): JSX.Element {
  const isCut = value.length > cut
  const shown = isCut ? value.slice(0, cut) : value
  return (
    <bdi class="text">
      <Pieces value={shown} />
      {isCut && (
        <span class="cut" title={`${value.length} characters`}>
          …
        </span>
      )}
    </bdi>
  )
}

/** The pieces of a text; for blocks of it, with its lines. */
export function Pieces({
  value,
  keepsLines = false,
}: {
  readonly value: string
  readonly keepsLines?: boolean
}): JSX.Element {
  return (
    <>
      {visiblePieces(value, keepsLines).map(({ isEscaped, text }, index) =>
        isEscaped ? (
          <span key={index} class="escaped" title="a character that cannot be seen">
            {text}
          </span>
        ) : (
          text
        ),
      )}
    </>
  )
}

/** An event ID or another long ID: its beginning, the whole of it when pointed at. */
export function Id({ value, short = 14 }: { readonly value: string; readonly short?: number }): JSX.Element {
  const isLong = value.length > short + 3
  return (
    <bdi class="id" title={visibleText(value)}>
      <Pieces value={isLong ? `${value.slice(0, short)}…` : value} />
    </bdi>
  )
}
