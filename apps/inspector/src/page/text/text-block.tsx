import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { Pieces } from './text.tsx'

/** Characters that are shown at first. */
const FIRST_CHARACTERS = 4_000

/** A block of text of other servers: as text whatever it holds, and cut where it is huge until all of it is asked for. */
export function TextBlock({ value, label }: { readonly value: string; readonly label: string }): JSX.Element {
  const [isWhole, setWhole] = useState(false)
  const isCut = value.length > FIRST_CHARACTERS && !isWhole
  return (
    <div class="text-block">
      <pre tabIndex={0} role="region" aria-label={label} dir="ltr">
        <Pieces value={isCut ? value.slice(0, FIRST_CHARACTERS) : value} keepsLines />
      </pre>
      {isCut && (
        <button type="button" onClick={() => setWhole(true)}>
          Show all {value.length.toLocaleString('en')} characters
        </button>
      )}
    </div>
  )
}
