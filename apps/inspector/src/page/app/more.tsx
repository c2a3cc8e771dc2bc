import type { JSX } from 'preact'
import { Text } from '../text/text.tsx'
import type { LoadedPages } from './use-pages.ts'

/** What stands below a list: that it is loading, why it could not be loaded, how to get more of it, or that it is empty. */
export function More({
  none,
  pages,
}: {
  readonly pages: LoadedPages<unknown>
  readonly none: string
}): JSX.Element {
  const { failure, isLoading, items, loadMore } = pages
  return (
    <div class="more">
      {isLoading && <p role="status">Loading…</p>}
      {failure !== undefined && (
        <p class="note failed" role="alert">
          Could not load the list: <Text value={failure} cut={1_000} />
        </p>
      )}
      {!isLoading && failure === undefined && items.length === 0 && loadMore === undefined && (
        <p class="none">{none}</p>
      )}
      {loadMore !== undefined && (
        <button type="button" onClick={loadMore}>
          {failure === undefined ? 'Load more' : 'Try again'}
        </button>
      )}
    </div>
  )
}
