import type { ComponentChildren, JSX } from 'preact'
import { useState } from 'preact/hooks'
import { messageOf } from '../app/use-loaded.ts'
import { Text } from '../text/text.tsx'

interface Props {
  readonly title: string
  /** What it does, in a sentence or two. */
  readonly about: string
  /** The fields of the form. */
  readonly children?: ComponentChildren
  /** What the button says that makes the change. */
  readonly confirm: string
  /** Whether the change cannot be taken back. */
  readonly isFinal?: boolean
  /** What the change depends on: where one of them changes, it is to be tried again first. */
  readonly inputs: readonly unknown[]
  /** Makes the change, or says what it would do; gives what happened, or would happen, as a sentence. */
  readonly change: (isDryRun: boolean) => Promise<string>
}

type Stage =
  | { readonly at: 'start' }
  | { readonly at: 'busy' }
  | { readonly at: 'tried'; readonly says: string; readonly inputs: readonly unknown[] }
  | { readonly at: 'done'; readonly says: string }
  | { readonly at: 'failed'; readonly says: string }

/** A change of a room: what it would do is shown first, and only then the button that makes it. */
export function ChangeForm(props: Props): JSX.Element {
  const { about, change, children, confirm, inputs, isFinal = false, title } = props
  const [stage, setStage] = useState<Stage>({ at: 'start' })
  const run = (isDryRun: boolean): void => {
    setStage({ at: 'busy' })
    change(isDryRun).then(
      (says) => setStage(isDryRun ? { at: 'tried', says, inputs } : { at: 'done', says }),
      (error: unknown) => setStage({ at: 'failed', says: messageOf(error) }),
    )
  }
  const submit = (submitted: Event): void => {
    submitted.preventDefault()
    if (stage.at !== 'busy') run(true)
  }
  const isTried = stage.at === 'tried' && stage.inputs.every((input, index) => input === inputs[index])
  return (
    <section class="card change" aria-label={title}>
      <h2>{title}</h2>
      <p class="about">{about}</p>
      <form onSubmit={submit}>
        {children !== undefined && <div class="fields">{children}</div>}
        <p>
          {/* A disabled one would lose the focus, and who works with the keyboard their place. */}
          <button type="submit" aria-disabled={stage.at === 'busy'}>
            What would happen?
          </button>
        </p>
      </form>
      <div aria-live="polite">
        {stage.at === 'busy' && <p class="note">Asking the server…</p>}
        {stage.at === 'tried' && isTried && (
          <div class="note">
            <p>
              <Text value={stage.says} cut={2_000} />
            </p>
            <p>
              <button type="button" class={isFinal ? 'final' : 'main'} onClick={() => run(false)}>
                {confirm}
              </button>{' '}
              <button type="button" onClick={() => setStage({ at: 'start' })}>
                Cancel
              </button>
            </p>
          </div>
        )}
        {stage.at === 'done' && (
          <p class="note" role="status">
            <Text value={stage.says} cut={2_000} />
          </p>
        )}
        {stage.at === 'failed' && (
          <p class="note failed" role="alert">
            <Text value={stage.says} cut={2_000} />
          </p>
        )}
      </div>
    </section>
  )
}
