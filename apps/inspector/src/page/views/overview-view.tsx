import type { InspectRoomResponse, RoomStorage } from '@roomserver/api'
import type { ComponentChildren, JSX } from 'preact'
import { useInspected } from '../app/inspection-context.ts'
import { RoomLink } from '../app/link.tsx'
import { useLoaded } from '../app/use-loaded.ts'
import { WaitFor } from '../app/wait-for.tsx'
import { Text } from '../text/text.tsx'
import { bytesText, countText, timeText } from '../text/time.ts'
import { EventLines } from './event-line.tsx'
import { Explanation } from './explanation.tsx'

/** A room at a glance: what is unusual about it, who is in it, what it takes up. */
export function OverviewView({ roomId }: { readonly roomId: string }): JSX.Element {
  const { api } = useInspected()
  const loaded = useLoaded(() => api.room({ room_id: roomId }), [api, roomId])
  return (
    <div class="view overview">
      <WaitFor loaded={loaded} what="the room">
        {(found) => <Overview found={found} roomId={roomId} />}
      </WaitFor>
    </div>
  )
}

function Overview({
  found,
  roomId,
}: {
  readonly found: InspectRoomResponse
  readonly roomId: string
}): JSX.Element {
  const { room, storage } = found
  return (
    <>
      <Explanation roomId={roomId} />
      <div class="cards">
        <Card title="Room">
          <Fact name="Name" value={<Text value={room.name === '' ? '(none)' : room.name} />} />
          <Fact name="Topic" value={<Text value={found.topic === '' ? '(none)' : found.topic} cut={400} />} />
          <Fact
            name="Alias"
            value={<Text value={room.canonical_alias === '' ? '(none)' : room.canonical_alias} />}
          />
          <Fact name="Version" value={<Text value={room.room_version} />} />
          <Fact name="Creator" value={<Text value={found.creator} />} />
          <Fact name="Join rule" value={<Text value={found.join_rule} />} />
          <Fact name="History visibility" value={<Text value={found.history_visibility} />} />
          <Fact name="Encrypted" value={found.is_encrypted ? 'yes' : 'no'} />
          {found.replaced_by !== '' && <Fact name="Replaced by" value={<Text value={found.replaced_by} />} />}
          {room.is_blocked && <Fact name="Blocked" value="yes, by an operator" />}
        </Card>
        <Card title="Events">
          <Fact name="Stored" value={countText(room.events)} />
          <Fact name="Extremities" value={countText(room.extremities)} />
          <Fact name="Rejected" value={countText(room.rejected)} />
          <Fact name="Soft-failed" value={countText(room.soft_failed)} />
          <Fact name="Outliers" value={countText(room.outliers)} />
          <Fact name="Missing prev events" value={countText(room.gaps)} />
          <Fact name="State entries" value={countText(found.state_entries)} />
          <Fact
            name="State resets"
            value={
              <RoomLink roomId={roomId} tab="journal" query={{ resets: 'yes' }}>
                {countText(room.state_resets)}
              </RoomLink>
            }
          />
          <Fact name="Latest event" value={timeText(room.last_activity_ts)} />
        </Card>
        <Card title="Members">
          {found.memberships.map(({ membership, users }) => (
            <Fact key={membership} name={<Text value={membership} />} value={countText(users)} />
          ))}
          <Fact name="Joined of this server" value={countText(room.joined_local_members)} />
        </Card>
        <Card title={`Servers (${countText(found.server_count)})`}>
          {found.servers.slice(0, 20).map(({ joined, server }) => (
            <Fact key={server} name={<Text value={server} />} value={countText(joined)} />
          ))}
        </Card>
        {storage !== null && <StorageCard storage={storage} />}
      </div>
      <h2>Extremities</h2>
      <EventLines events={found.extremities} roomId={roomId} none="None." />
    </>
  )
}

function StorageCard({ storage }: { readonly storage: RoomStorage }): JSX.Element {
  const parts: readonly (readonly [string, number])[] = [
    ['Events', storage.event_bytes],
    ['Blocks of the current state', storage.current_block_bytes],
    ['Snapshots', storage.snapshot_bytes],
    ['Outputs', storage.output_bytes],
  ]
  const total = parts.reduce((sum, [, bytes]) => sum + bytes, 0)
  return (
    <Card title="Storage">
      {parts.map(([name, bytes]) => (
        <Fact
          key={name}
          name={name}
          value={
            <>
              {bytesText(bytes)}{' '}
              <meter
                min={0}
                max={Math.max(1, total)}
                value={bytes}
                aria-label={`${name}: part of the whole`}
              />
            </>
          }
        />
      ))}
      <Fact name="Bytes per event" value={countText(storage.bytes_per_event)} />
      <Fact name="Stored states" value={countText(storage.snapshots)} />
      <Fact name="Blocks of the current state" value={countText(storage.current_blocks)} />
      <Fact name="Outputs that are kept" value={countText(storage.outputs)} />
    </Card>
  )
}

function Card({
  children,
  title,
}: {
  readonly title: string
  readonly children: ComponentChildren
}): JSX.Element {
  return (
    <section class="card" aria-label={title}>
      <h2>{title}</h2>
      <dl>{children}</dl>
    </section>
  )
}

function Fact({
  name,
  value,
}: {
  readonly name: ComponentChildren
  readonly value: ComponentChildren
}): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  )
}
