import type { JSX } from 'preact'
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { useInspected } from '../app/inspection-context.ts'
import { NARROW, useMedia } from '../app/use-media.ts'
import { goTo } from '../app/use-route.ts'
import { filtered, type GraphFilter, onlyOf, successorCounts } from '../graph/filter.ts'
import { eventRow, foldLines, type GraphRow } from '../graph/fold.ts'
import { GraphList } from '../graph/graph-list.tsx'
import { GraphToolbar } from '../graph/graph-toolbar.tsx'
import { Legend } from '../graph/legend.tsx'
import { useGraph } from '../graph/use-graph.ts'
import { zoomed, zoomOf } from '../graph/zoom.ts'
import type { RouteQuery } from '../route.ts'
import { Text } from '../text/text.tsx'
import { EventPanel } from './event-panel.tsx'
import { FoundEvents } from './found-events.tsx'

/** The event graph of a room, and the event that was chosen beside it. */
export function GraphView({
  query,
  roomId,
}: {
  readonly roomId: string
  readonly query: RouteQuery
}): JSX.Element {
  const inspected = useInspected()
  const isNarrow = useMedia(NARROW)
  const [isHelping, setHelping] = useState(false)
  const [unfolded, setUnfolded] = useState<ReadonlySet<string>>(new Set())
  const searchBox = useRef<HTMLInputElement>(null)
  const { around, event: selected, fold, only: onlyText, search = '', whole, zoom: zoomName } = query
  const graph = useGraph(inspected, roomId, around)
  const zoom = zoomOf(zoomName, isNarrow)
  const isFolded = fold !== 'no'

  const change = useCallback(
    (changes: RouteQuery, replaces = false) => {
      goTo({ view: 'room', roomId, tab: 'graph', query: { ...query, ...changes } }, replaces)
    },
    [roomId, query],
  )
  const only = onlyOf(onlyText)
  const filter: GraphFilter = { search, only }
  const { events } = graph
  const successors = useMemo(() => successorCounts(events), [events])
  const shown = useMemo(() => filtered(events, filter, successors), [events, search, only, successors])
  const isAll = shown === events
  const rows = useMemo(
    () => (isFolded && isAll ? foldLines(shown, successors, unfolded) : shown.map(eventRow)),
    [shown, isAll, isFolded, successors, unfolded],
  )

  const onOpen = useCallback(
    (row: GraphRow) => {
      if (row.kind === 'event') change({ event: row.key })
      else setUnfolded((before) => new Set([...before, row.key]))
    },
    [change],
  )
  useEffect(() => {
    const onKey = (pressed: KeyboardEvent): void => {
      const { ctrlKey, key, metaKey, target } = pressed
      if (
        ctrlKey ||
        metaKey ||
        (target instanceof HTMLElement && target.matches('input, textarea, select, dialog *'))
      )
        return
      if (key === '/') searchBox.current?.focus()
      else if (key === '+' || key === '=') change({ zoom: zoomed(zoom.name, -1) }, true)
      else if (key === '-') change({ zoom: zoomed(zoom.name, 1) }, true)
      else if (key === 'f') change({ fold: isFolded ? 'no' : '' }, true)
      else if (key === '?') setHelping(true)
      else if (key === 'Escape') change({ event: '' })
      else return
      pressed.preventDefault()
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [change, zoom.name, isFolded])

  const isElsewhere =
    selected !== undefined && !graph.isLoading && !events.some(({ event_id }) => event_id === selected)
  return (
    <div class={selected === undefined ? 'graph-view' : 'graph-view with-panel'}>
      <section class="graph" aria-label="Event graph">
        <GraphToolbar
          {...{ roomId, search, only, isFolded, zoom, searchBox }}
          shown={shown.length}
          loaded={events.length}
          hasMore={graph.hasMore}
          onSearch={(text) => change({ search: text, whole: '' }, true)}
          onOnly={(kind) => change({ only: kind === 'all' ? '' : kind, whole: '' }, true)}
          onFold={(folds) => change({ fold: folds ? '' : 'no' }, true)}
          onZoom={(steps) => change({ zoom: zoomed(zoom.name, steps) }, true)}
          onHelp={() => setHelping(true)}
        />
        {isElsewhere && (
          <p class="note bar">
            The event is not among those that are loaded.{' '}
            <button type="button" onClick={() => change({ around: selected, search: '', only: '' })}>
              Show the graph around it
            </button>
          </p>
        )}
        {around !== undefined && (
          <p class="note bar">
            The graph around one event.{' '}
            <button type="button" onClick={() => change({ around: '' })}>
              Back to the extremities
            </button>
          </p>
        )}
        {!isAll && graph.hasMore && whole === undefined && (
          <p class="note bar">
            Only loaded events were searched.{' '}
            <button type="button" onClick={() => change({ whole: 'yes' })}>
              Search the whole room
            </button>
          </p>
        )}
        {graph.failure !== undefined && (
          <p class="note failed" role="alert">
            Could not load the graph: <Text value={graph.failure} cut={1_000} />{' '}
            <button type="button" onClick={graph.retry}>
              Try again
            </button>
          </p>
        )}
        {whole === 'yes' ? (
          <FoundEvents roomId={roomId} search={search} />
        ) : (
          <GraphList
            {...{ rows, zoom, successors, selected, onOpen }}
            hasLines={isAll}
            onEnd={graph.loadMore}
          />
        )}
        {graph.isPaused && whole === undefined && (
          <p class="note bar">
            Earlier events are not loaded yet.{' '}
            <button type="button" onClick={() => graph.loadMore(true)}>
              Load earlier events
            </button>
          </p>
        )}
        {graph.isLoading && (
          <p class="loading" role="status">
            Loading events…
          </p>
        )}
      </section>
      {selected !== undefined && (
        <EventPanel roomId={roomId} eventId={selected} query={query} onClose={() => change({ event: '' })} />
      )}
      {isHelping && <Legend onClose={() => setHelping(false)} />}
    </div>
  )
}
