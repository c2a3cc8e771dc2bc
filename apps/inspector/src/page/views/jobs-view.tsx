import type { InspectActivityResponse, InspectJobsResponse } from '@roomserver/api'
import type { JSX } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { useInspected } from '../app/inspection-context.ts'
import { RoomLink } from '../app/link.tsx'
import { type Loaded, messageOf } from '../app/use-loaded.ts'
import { useTicks } from '../app/use-refreshed.ts'
import { WaitFor } from '../app/wait-for.tsx'
import { Id, Text } from '../text/text.tsx'
import { bytesText, countText, timeText } from '../text/time.ts'

const EVERY_MS = 2_000

interface Now {
  readonly activity: InspectActivityResponse
  readonly jobs: InspectJobsResponse
}

/** What the server does now, and work that takes longer than a request. */
export function JobsView(): JSX.Element {
  const { api } = useInspected()
  const ticks = useTicks(EVERY_MS)
  const [now, setNow] = useState<Loaded<Now>>({ state: 'loading' })
  useEffect(() => {
    let isWanted = true
    Promise.all([api.activity({}), api.jobs({ room_id: '', cursor: '', limit: 200 })]).then(
      ([activity, jobs]) => isWanted && setNow({ state: 'ready', value: { activity, jobs } }),
      (error: unknown) => isWanted && setNow({ state: 'failed', message: messageOf(error) }),
    )
    return () => {
      isWanted = false
    }
  }, [api, ticks])
  return (
    <div class="view">
      <h1>Work</h1>
      <WaitFor loaded={now} what="what the server does">
        {({ activity, jobs }) => (
          <>
            <Activity activity={activity} />
            <Jobs jobs={jobs} />
          </>
        )}
      </WaitFor>
    </div>
  )
}

function Activity({ activity }: { readonly activity: InspectActivityResponse }): JSX.Element {
  return (
    <>
      <p>
        <Text value={activity.server_name} />, up since {timeText(activity.started_ts)}. Queued:{' '}
        {countText(activity.queued_events)} events, {bytesText(activity.queued_bytes)}. In the inbox:{' '}
        {countText(activity.inbox)}.
        {activity.waiting_outputs >= 0 &&
          ` Outputs that wait for the message server: ${countText(activity.waiting_outputs)}.`}
      </p>
      <h2>Rooms with work</h2>
      {activity.rooms.length === 0 ? (
        <p class="none">None at this moment.</p>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">Room</th>
              <th scope="col">Waiting</th>
              <th scope="col">Step</th>
              <th scope="col">For</th>
            </tr>
          </thead>
          <tbody>
            {activity.rooms.map((room) => (
              <tr key={room.room_id}>
                <th scope="row">
                  <RoomLink roomId={room.room_id}>
                    <Id value={room.room_id} short={36} />
                  </RoomLink>
                </th>
                <td class="figure">{countText(room.waiting)}</td>
                <td>
                  <Text value={room.step} />{' '}
                  {room.quarantined_ms > 0 && <span class="tag rejected">quarantined</span>}
                </td>
                <td class="figure">{countText(room.step_ms)} ms</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <h2>Since the start</h2>
      <dl class="figures">
        {activity.figures.map(({ name, says, value }) => (
          <div key={name}>
            <dt>
              <Text value={says === '' ? name : says} />
            </dt>
            <dd>{countText(value)}</dd>
          </div>
        ))}
      </dl>
    </>
  )
}

function Jobs({ jobs: { jobs } }: { readonly jobs: InspectJobsResponse }): JSX.Element {
  if (jobs.length === 0) {
    return (
      <>
        <h2>Jobs</h2>
        <p class="none">None.</p>
      </>
    )
  }
  return (
    <>
      <h2>Jobs</h2>
      <table>
        <thead>
          <tr>
            <th scope="col">Job</th>
            <th scope="col">Room</th>
            <th scope="col">State</th>
            <th scope="col">Done</th>
            <th scope="col">Attempts</th>
            <th scope="col">Last error</th>
            <th scope="col">Since</th>
          </tr>
        </thead>
        <tbody>
          {jobs.map((job) => (
            <tr key={`${job.kind} ${job.room_id} ${job.event_id}`}>
              <th scope="row">{job.kind}</th>
              <td>
                <RoomLink roomId={job.room_id} query={{ event: job.event_id }}>
                  <Id value={job.room_id} short={30} />
                </RoomLink>
              </td>
              <td>
                <Text value={job.state} />
              </td>
              <td class="figure">{countText(job.done)}</td>
              <td class="figure">{countText(job.attempts)}</td>
              <td class="wide">
                <Text value={job.last_error} cut={300} />
              </td>
              <td class="when">{timeText(job.since_ts)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  )
}
