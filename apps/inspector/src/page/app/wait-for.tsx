import type { ComponentChildren, JSX } from 'preact'
import { Text } from '../text/text.tsx'
import type { Loaded } from './use-loaded.ts'

/** Shows what was waited for; until then that it is loading, and why it could not be loaded. */
export function WaitFor<T>({
  children,
  loaded,
  what,
}: {
  readonly loaded: Loaded<T>
  /** What is loaded, for people: `the state`. */
  readonly what: string
  readonly children: (value: T) => ComponentChildren
}): JSX.Element {
  if (loaded.state === 'loading') {
    return (
      <p class="note" role="status">
        Loading {what}…
      </p>
    )
  }
  if (loaded.state === 'failed') {
    return (
      <p class="note failed" role="alert">
        Could not load {what}: <Text value={loaded.message} cut={1_000} />{' '}
        {loaded.retry !== undefined && (
          <button type="button" onClick={loaded.retry}>
            Try again
          </button>
        )}
      </p>
    )
  }
  return <>{children(loaded.value)}</>
}
