import type { AuthCheck, RuleReference } from '@roomserver/api'
import type { JSX } from 'preact'
import { RoomLink, SpecLink } from '../app/link.tsx'
import { Sentence } from '../text/sentence.tsx'
import { Text } from '../text/text.tsx'

const AGAINST: Readonly<Record<AuthCheck['against'], string>> = {
  'auth-events': 'By its auth events',
  'state-before': 'By the state before it',
  'current-state': 'By the current state',
  'chosen-state': 'By the chosen state',
}

/** A rule as a link to its page, with what it says. */
export function Rule({ rule }: { readonly rule: RuleReference }): JSX.Element {
  return (
    <span class="rule">
      <SpecLink url={rule.url}>{rule.rule}</SpecLink>
      {rule.text !== '' && (
        <span class="rule-text">
          {' '}
          <RuleText text={rule.text} />
        </span>
      )}
    </span>
  )
}

/** The words of a rule, with what stands between backticks as code. */
function RuleText({ text }: { readonly text: string }): JSX.Element {
  return (
    <>{text.split('`').map((part, index) => (index % 2 === 1 ? <code key={index}>{part}</code> : part))}</>
  )
}

/** The rules applied to an event: the outcome, and on demand every step and every value. */
export function AuthCheckView({
  check,
  isOpen = false,
  roomId,
}: {
  readonly check: AuthCheck
  readonly roomId: string
  readonly isOpen?: boolean
}): JSX.Element {
  return (
    <div class={`auth-check ${check.is_allowed ? 'allowed' : 'refused'}`}>
      <p class="outcome">
        <strong>{AGAINST[check.against]}: </strong>
        <span class={check.is_allowed ? 'yes' : 'no'}>
          {check.is_allowed ? '✓ allowed' : '✕ not allowed'}
        </span>
        {!check.is_allowed && (
          <>
            {' — '}
            <Sentence value={check.reason} roomId={roomId} />
          </>
        )}
      </p>
      <p class="by-rule">
        <Rule rule={check.rule} />
      </p>
      {(check.steps.length > 0 || check.readings.length > 0) && (
        <details open={isOpen}>
          <summary>Steps and values</summary>
          {check.readings.length > 0 && (
            <table class="readings">
              <caption>What the state says</caption>
              <thead>
                <tr>
                  <th scope="col">Entry</th>
                  <th scope="col">Says</th>
                </tr>
              </thead>
              <tbody>
                {check.readings.map(({ event_id, says, state_key, type }) => (
                  <tr key={`${type} ${state_key}`}>
                    <td>
                      {event_id === '' ? (
                        <>
                          <Text value={type} /> <span class="quiet">(none)</span>
                        </>
                      ) : (
                        <RoomLink roomId={roomId} query={{ event: event_id }}>
                          <Text value={type} />
                        </RoomLink>
                      )}
                    </td>
                    <td>
                      <Text value={says} cut={500} />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          )}
          <ol class="steps">
            {check.steps.map(({ outcome, rule, text }) => (
              <li key={rule} class={outcome.replace(' ', '-')}>
                <span class="step-outcome">{outcome}</span> <span class="step-rule">{rule}</span>{' '}
                <RuleText text={text} />
              </li>
            ))}
          </ol>
        </details>
      )}
    </div>
  )
}
