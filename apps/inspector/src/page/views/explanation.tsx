import type { ExplainResponse } from '@roomserver/api'
import type { JSX } from 'preact'
import { useInspected } from '../app/inspection-context.ts'
import { SpecLink } from '../app/link.tsx'
import { useLoaded } from '../app/use-loaded.ts'
import { WaitFor } from '../app/wait-for.tsx'
import { Sentence } from '../text/sentence.tsx'

interface Props {
  readonly roomId: string
  /** An event; left out: the entry, or the room. */
  readonly eventId?: string
  readonly type?: string
  readonly stateKey?: string
  /** The heading that it gets. */
  readonly heading?: 'h2' | 'h3'
}

/** What happened and why, in sentences. */
export function Explanation({
  eventId = '',
  heading: Heading = 'h2',
  roomId,
  stateKey = '',
  type = '',
}: Props): JSX.Element {
  const { api } = useInspected()
  const ask = (): Promise<ExplainResponse> =>
    api.explain({ room_id: roomId, event_id: eventId, type, state_key: stateKey })
  const loaded = useLoaded(ask, [api, roomId, eventId, type, stateKey])
  return (
    <section class="explanation" aria-label="Explanation">
      <WaitFor loaded={loaded} what="the explanation">
        {({ answer, happened, links, needed, question }) => (
          <>
            <Heading>
              <Sentence value={question} roomId={roomId} />
            </Heading>
            <p class="answer">
              <Sentence value={answer} roomId={roomId} />
            </p>
            {happened.map((sentence, index) => (
              <p key={index}>
                <Sentence value={sentence} roomId={roomId} />
              </p>
            ))}
            {needed.length > 0 && (
              <>
                <p class="needed">What would have had to be different</p>
                <ul>
                  {needed.map((sentence, index) => (
                    <li key={index}>
                      <Sentence value={sentence} roomId={roomId} />
                    </li>
                  ))}
                </ul>
              </>
            )}
            {links.length > 0 && (
              <p class="links">
                {links.map(({ text, url }) => (
                  <SpecLink key={url} url={url}>
                    {text}
                  </SpecLink>
                ))}
              </p>
            )}
          </>
        )}
      </WaitFor>
    </section>
  )
}
