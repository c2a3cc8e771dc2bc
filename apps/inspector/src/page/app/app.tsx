import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { type Opened, useOpened } from '../open/use-opened.ts'
import { type Route, ROOM_VIEWS, type RoomView, roomLink } from '../route.ts'
import { Id, Text } from '../text/text.tsx'
import { countText } from '../text/time.ts'
import { visibleText } from '../text/visible-text.ts'
import { ChangesView } from '../views/changes-view.tsx'
import { DiffView } from '../views/diff-view.tsx'
import { GraphView } from '../views/graph-view.tsx'
import { HistoryView } from '../views/history-view.tsx'
import { JobsView } from '../views/jobs-view.tsx'
import { JournalView } from '../views/journal-view.tsx'
import { LiveRoomsView } from '../views/live-rooms-view.tsx'
import { LiveView } from '../views/live-view.tsx'
import { MembersView } from '../views/members-view.tsx'
import { OverviewView } from '../views/overview-view.tsx'
import { ResolutionView } from '../views/resolution-view.tsx'
import { RoomsView } from '../views/rooms-view.tsx'
import { StartView } from '../views/start-view.tsx'
import { StateView } from '../views/state-view.tsx'
import { WhatIfView } from '../views/what-if-view.tsx'
import { type Inspected, InspectedProvider, useInspected } from './inspection-context.ts'
import { useLoaded } from './use-loaded.ts'
import { goTo, useRoute } from './use-route.ts'

const TITLES: Readonly<Record<RoomView, string>> = {
  graph: 'Graph',
  overview: 'Overview',
  state: 'State',
  diff: 'Difference',
  history: 'History',
  journal: 'Journal',
  resolution: 'Resolution',
  'what-if': 'What if',
  members: 'Members',
  live: 'Live',
  changes: 'Changes',
}

/** The page. */
export function App(): JSX.Element {
  const route = useRoute()
  const opened = useOpened()
  const { inspected } = opened
  const isDragging = useDroppedFiles(opened.open)
  useEffect(() => {
    if (inspected === undefined) return
    const isOfOtherFile = route.view === 'room' && inspected.roomIds?.includes(route.roomId) === false
    if (route.view !== 'start' && !isOfOtherFile) return
    const { hash } = location
    let isWanted = true
    void firstView(inspected).then((first) => {
      // Somebody may have gone elsewhere meanwhile.
      if (isWanted && location.hash === hash) goTo(first, !isOfOtherFile)
    })
    return () => {
      isWanted = false
    }
  }, [inspected])
  useEffect(() => {
    document.title = titleOf(route)
  }, [route])
  return (
    <div class={isDragging ? 'app dragging' : 'app'}>
      <a class="skip" href="#main" onClick={focusMain}>
        Skip to the content
      </a>
      <Header opened={opened} route={route} />
      <main id="main" tabIndex={-1}>
        {inspected === undefined ? (
          <StartView opened={opened} hasLink={route.view !== 'start'} />
        ) : (
          <InspectedProvider value={inspected}>
            {opened.progress !== undefined && (
              <p class="note" role="status">
                {opened.progress}…
              </p>
            )}
            {opened.failure !== undefined && (
              <p class="note failed" role="alert">
                <Text value={opened.failure} cut={1_000} />
              </p>
            )}
            {opened.problems.length > 0 && <Problems problems={opened.problems} />}
            <View route={route} opened={opened} />
          </InspectedProvider>
        )}
      </main>
    </div>
  )
}

/** What of a file could not be read. */
function Problems({ problems }: { readonly problems: readonly string[] }): JSX.Element {
  return (
    <details class="unread">
      <summary>
        {problems.length === 1
          ? '1 entry of the file was'
          : `${countText(problems.length)} entries of the file were`}{' '}
        left out
      </summary>
      <ul>
        {problems.slice(0, 100).map((problem) => (
          <li key={problem}>
            <Text value={problem} cut={400} />
          </li>
        ))}
      </ul>
    </details>
  )
}

function focusMain(clicked: MouseEvent): void {
  clicked.preventDefault()
  document.getElementById('main')?.focus()
}

function View({ opened, route }: { readonly route: Route; readonly opened: Opened }): JSX.Element {
  switch (route.view) {
    case 'start':
      return <StartView opened={opened} hasLink={false} />
    case 'rooms':
      return <RoomsView query={route.query} />
    case 'jobs':
      return <JobsView />
    case 'live':
      return <LiveRoomsView />
    case 'room':
      return <Room key={route.roomId} route={route} />
  }
}

function Room({ route }: { readonly route: Route & { view: 'room' } }): JSX.Element {
  const { query, roomId, tab } = route
  return (
    <div class={`room room-${tab}`}>
      <RoomHeader roomId={roomId} tab={tab} />
      {tab === 'graph' && <GraphView roomId={roomId} query={query} />}
      {tab === 'overview' && <OverviewView roomId={roomId} />}
      {tab === 'state' && <StateView roomId={roomId} query={query} />}
      {tab === 'diff' && <DiffView roomId={roomId} query={query} />}
      {tab === 'history' && <HistoryView roomId={roomId} query={query} />}
      {tab === 'journal' && <JournalView roomId={roomId} query={query} />}
      {tab === 'resolution' && <ResolutionView roomId={roomId} query={query} />}
      {tab === 'what-if' && <WhatIfView roomId={roomId} query={query} />}
      {tab === 'members' && <MembersView roomId={roomId} query={query} />}
      {tab === 'live' && <LiveView roomId={roomId} />}
      {tab === 'changes' && <ChangesView roomId={roomId} />}
    </div>
  )
}

function RoomHeader({ roomId, tab }: { readonly roomId: string; readonly tab: RoomView }): JSX.Element {
  const { api, changes, kind } = useInspected()
  const loaded = useLoaded(() => api.roomName({ room_id: roomId }), [api, roomId])
  const views = ROOM_VIEWS.filter(
    (view) => (view !== 'changes' || changes !== undefined) && (view !== 'live' || kind === 'server'),
  )
  const room = loaded.state === 'ready' ? loaded.value : undefined
  const name = room === undefined || room.name === '' ? (room?.canonical_alias ?? '') : room.name
  return (
    <div class="room-header">
      <h1>
        {name !== '' && <Text value={name} cut={80} />}
        <span class="room-id">
          <Id value={roomId} short={40} />
        </span>
        {room !== undefined && <span class="version">version {visibleText(room.room_version)}</span>}
      </h1>
      <nav class="tabs" aria-label="Views of the room">
        {views.map((view) => (
          <a key={view} href={roomLink(roomId, view)} aria-current={view === tab ? 'page' : undefined}>
            {TITLES[view]}
          </a>
        ))}
      </nav>
    </div>
  )
}

function Header({ opened, route }: { readonly opened: Opened; readonly route: Route }): JSX.Element {
  const { inspected } = opened
  const current = (view: string): 'page' | undefined => (route.view === view ? 'page' : undefined)
  return (
    <header class="top">
      <a class="brand" href="#/">
        Inspector
      </a>
      {inspected !== undefined && (
        <>
          <span class="source">
            <span class="quiet">{inspected.kind === 'file' ? 'file' : 'server'}</span>{' '}
            <Text value={inspected.name} cut={60} />
          </span>
          <nav aria-label="Main">
            <a href="#/rooms" aria-current={current('rooms')}>
              Rooms
            </a>
            {inspected.kind === 'server' && (
              <>
                <a href="#/live" aria-current={current('live')}>
                  Live
                </a>
                <a href="#/jobs" aria-current={current('jobs')}>
                  Work
                </a>
              </>
            )}
          </nav>
        </>
      )}
    </header>
  )
}

/** Takes files that are dropped on the page. Tells whether something is being dragged over it. */
function useDroppedFiles(open: (file: File) => void): boolean {
  const [isDragging, setDragging] = useState(false)
  useEffect(() => {
    const over = (dragged: DragEvent): void => {
      dragged.preventDefault()
      setDragging(true)
    }
    const leave = (dragged: DragEvent): void => {
      if (dragged.relatedTarget === null) setDragging(false)
    }
    const drop = (dropped: DragEvent): void => {
      dropped.preventDefault()
      setDragging(false)
      const file = dropped.dataTransfer?.files[0]
      if (file !== undefined) open(file)
    }
    addEventListener('dragover', over)
    addEventListener('dragleave', leave)
    addEventListener('drop', drop)
    return () => {
      removeEventListener('dragover', over)
      removeEventListener('dragleave', leave)
      removeEventListener('drop', drop)
    }
  }, [open])
  return isDragging
}

/** What is shown first: the only room, or the list of them. */
async function firstView({ api, roomIds }: Inspected): Promise<Route> {
  const [only, ...more] = roomIds ?? []
  if (only !== undefined && more.length === 0) return { view: 'room', roomId: only, tab: 'graph', query: {} }
  const request = { search: '', sort: '', is_reversed: false, cursor: '', limit: 2 }
  const { rooms } = await api.rooms(request).catch(() => ({ rooms: [] }))
  const [first, ...others] = rooms
  if (first === undefined || others.length > 0) return { view: 'rooms', query: {} }
  return { view: 'room', roomId: first.room_id, tab: 'graph', query: {} }
}

function titleOf(route: Route): string {
  if (route.view !== 'room') return 'Room inspector'
  return `${TITLES[route.tab]} · ${visibleText(route.roomId.slice(0, 40))} · Room inspector`
}
