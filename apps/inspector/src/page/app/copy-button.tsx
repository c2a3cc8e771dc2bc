import type { JSX } from 'preact'
import { useState } from 'preact/hooks'

/** Copies a text. */
export function CopyButton({ text, what }: { readonly text: string; readonly what: string }): JSX.Element {
  const [says, setSays] = useState('Copy')
  const copy = (): void => {
    navigator.clipboard.writeText(text).then(
      () => setSays('Copied'),
      () => setSays('Could not copy'),
    )
  }
  return (
    <button type="button" class="copy" aria-label={`Copy ${what}`} onClick={copy}>
      {says}
    </button>
  )
}
