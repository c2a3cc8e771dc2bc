import type { JSX } from 'preact'
import type { RefObject } from 'preact'
import { TardisButton } from '../app/tardis-button.tsx'
import { countText } from '../text/time.ts'
import { ONLY, type OnlyThese, onlyOf } from './filter.ts'
import type { Zoom } from './zoom.ts'

interface Props {
  readonly roomId: string
  readonly search: string
  readonly only: OnlyThese
  readonly isFolded: boolean
  readonly zoom: Zoom
  readonly shown: number
  readonly loaded: number
  readonly hasMore: boolean
  readonly searchBox: RefObject<HTMLInputElement | null>
  readonly onSearch: (search: string) => void
  readonly onOnly: (only: OnlyThese) => void
  readonly onFold: (isFolded: boolean) => void
  readonly onZoom: (steps: 1 | -1) => void
  readonly onHelp: () => void
}

/** Search, filter, folding and zoom of the graph. */
export function GraphToolbar(props: Props): JSX.Element {
  const { hasMore, isFolded, loaded, only, search, searchBox, shown, zoom } = props
  const found = shown === loaded ? countText(loaded) : `${countText(shown)} of ${countText(loaded)}`
  return (
    <div class="toolbar" role="group" aria-label="What the graph shows">
      <input
        ref={searchBox}
        type="search"
        class="search"
        placeholder="Search events"
        aria-label="Search events by ID, type, state key, sender or content"
        value={search}
        onInput={({ currentTarget }) => props.onSearch(currentTarget.value)}
      />
      <select
        aria-label="Which events"
        value={only}
        onChange={({ currentTarget }) => props.onOnly(onlyOf(currentTarget.value))}
      >
        {Object.entries(ONLY).map(([name, words]) => (
          <option key={name} value={name}>
            {words}
          </option>
        ))}
      </select>
      <label class="check">
        <input
          type="checkbox"
          checked={isFolded}
          onChange={({ currentTarget }) => props.onFold(currentTarget.checked)}
        />
        Fold lines
      </label>
      <span class="buttons">
        <button
          type="button"
          aria-label="Zoom out"
          title="Zoom out (-)"
          disabled={zoom.name === 'shape'}
          onClick={() => props.onZoom(1)}
        >
          −
        </button>
        <button
          type="button"
          aria-label="Zoom in"
          title="Zoom in (+)"
          disabled={zoom.name === 'large'}
          onClick={() => props.onZoom(-1)}
        >
          +
        </button>
        <button type="button" aria-label="Keys and signs" title="Keys and signs (?)" onClick={props.onHelp}>
          ?
        </button>
      </span>
      <TardisButton roomId={props.roomId} />
      <span class="found" role="status">
        {found} events{hasMore ? ' loaded' : ''}
      </span>
    </div>
  )
}
