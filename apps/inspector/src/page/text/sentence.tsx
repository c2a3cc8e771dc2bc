import type { JSX } from 'preact'
import { RoomLink } from '../app/link.tsx'
import { Id, Text } from './text.tsx'

/** An event ID of any room version, as it stands in a sentence. */
const EVENT_ID =
  /\$(?:[A-Za-z0-9_/+-]{43}(?![A-Za-z0-9_/+-])|[A-Za-z0-9._=/+-]{1,100}:[A-Za-z0-9.:[\]-]*[A-Za-z0-9\]])/g

/** Longer ones are cut. */
const LONGEST = 4_000

/** A sentence about a room: foreign names in it are shown as text, event IDs are links. */
export function Sentence({
  roomId,
  value,
}: {
  readonly value: string
  readonly roomId: string
}): JSX.Element {
  const shown = value.slice(0, LONGEST)
  const parts: JSX.Element[] = []
  let at = 0
  for (const { 0: id, index } of shown.matchAll(EVENT_ID)) {
    if (index > at) parts.push(<Text key={at} value={shown.slice(at, index)} cut={LONGEST} />)
    parts.push(
      <RoomLink key={index} roomId={roomId} query={{ event: id }}>
        <Id value={id} short={9} />
      </RoomLink>,
    )
    at = index + id.length
  }
  if (at < shown.length) parts.push(<Text key={at} value={shown.slice(at)} cut={LONGEST} />)
  return (
    <>
      {parts}
      {shown.length < value.length && '…'}
    </>
  )
}
