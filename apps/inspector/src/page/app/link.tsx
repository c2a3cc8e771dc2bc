import type { ComponentChildren, JSX } from 'preact'
import { roomLink, type RoomView, type RouteQuery } from '../route.ts'

interface Props {
  readonly roomId: string
  readonly tab?: RoomView
  readonly query?: RouteQuery
  readonly children: ComponentChildren
  readonly class?: string
}

/** A link to a view of a room. */
export function RoomLink({ children, query, roomId, tab, class: name }: Props): JSX.Element {
  return (
    <a class={name} href={roomLink(roomId, tab, query)}>
      {children}
    </a>
  )
}

/** A link to the specification, and to nothing else: addresses of other places are shown as text. */
export function SpecLink({
  url,
  children,
}: {
  readonly url: string
  readonly children: ComponentChildren
}): JSX.Element {
  if (!url.startsWith('https://spec.matrix.org/')) return <>{children}</>
  return (
    <a href={url} target="_blank" rel="noreferrer noopener">
      {children}
    </a>
  )
}
