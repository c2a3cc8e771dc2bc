/** The views of a room. */
export const ROOM_VIEWS = [
  'graph',
  'state',
  'diff',
  'history',
  'journal',
  'resolution',
  'what-if',
  'overview',
  'members',
  'live',
  'changes',
] as const

export type RoomView = (typeof ROOM_VIEWS)[number]

/** What the page shows. All of it is in the address, so that every view is a link. */
export type Route =
  | { readonly view: 'start' }
  | { readonly view: 'rooms' | 'jobs' | 'live'; readonly query: RouteQuery }
  | { readonly view: 'room'; readonly roomId: string; readonly tab: RoomView; readonly query: RouteQuery }

export type RouteQuery = Readonly<Record<string, string>>

const START: Route = { view: 'start' }

/** Reads the part of an address behind `#`. An address that nothing is at leads to the start. */
export function readRoute(hash: string): Route {
  const [path, search] = split(hash.replace(/^#?\/?/, ''), '?')
  const [view = '', room = '', tab = 'graph'] = path.split('/').map(decoded)
  const query = Object.fromEntries(new URLSearchParams(search))
  if (view === 'rooms' || view === 'jobs' || view === 'live') return { view, query }
  if (view !== 'room' || room === '') return START
  return { view, roomId: room, tab: ROOM_VIEWS.find((known) => known === tab) ?? 'graph', query }
}

/** Writes an address that {@link readRoute} reads. Members of the query that are empty are left out. */
export function writeRoute(route: Route): string {
  if (route.view === 'start') return '#/'
  const search = new URLSearchParams(Object.entries(route.query).filter(([, value]) => value !== ''))
  const query = search.size === 0 ? '' : `?${search}`
  if (route.view !== 'room') return `#/${route.view}${query}`
  const tab = route.tab === 'graph' ? '' : `/${route.tab}`
  return `#/room/${encodeURIComponent(route.roomId)}${tab}${query}`
}

/** The address of a view of a room. */
export function roomLink(roomId: string, tab: RoomView = 'graph', query: RouteQuery = {}): string {
  return writeRoute({ view: 'room', roomId, tab, query })
}

function split(text: string, at: string): readonly [string, string] {
  const place = text.indexOf(at)
  return place < 0 ? [text, ''] : [text.slice(0, place), text.slice(place + 1)]
}

/** A part of a path; as it stands where its escapes are broken. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
