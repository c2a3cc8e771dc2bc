import { exportScenario } from '@roomserver/inspect'
import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import { Text } from '../text/text.tsx'
import { useInspected } from './inspection-context.ts'
import { messageOf } from './use-loaded.ts'

interface Props {
  readonly roomId: string
  /** The events around this one; left out: the end of the graph. */
  readonly around?: string | undefined
}

/** Gives a part of the event graph, with its auth chains, as a scenario file of TARDIS. */
export function TardisButton({ around, roomId }: Props): JSX.Element {
  const { api } = useInspected()
  const [isBusy, setBusy] = useState(false)
  const [failure, setFailure] = useState<string>()
  const give = (): void => {
    if (isBusy) return
    setBusy(true)
    setFailure(undefined)
    const direction = around === undefined ? 'back' : 'around'
    exportScenario(api, { roomId, from: around === undefined ? [] : [around], direction, limit: 0 })
      .then(
        (scenario) => download(`${fileName(roomId)}.json5`, `${JSON.stringify(scenario, undefined, 2)}\n`),
        (error: unknown) => setFailure(messageOf(error)),
      )
      .finally(() => setBusy(false))
  }
  const what = around === undefined ? 'The end of the graph' : 'The graph around it'
  return (
    <>
      <button
        type="button"
        class="action"
        aria-disabled={isBusy}
        title={`${what} as a file for TARDIS, with auth chains`}
        onClick={give}
      >
        {isBusy ? 'Reading events…' : 'TARDIS scenario'}
      </button>
      {failure !== undefined && (
        <span class="no" role="alert">
          <Text value={failure} cut={400} />
        </span>
      )}
    </>
  )
}

/** What can stand in the name of a file, whatever the room is called. */
function fileName(roomId: string): string {
  return (
    roomId
      .replace(/[^A-Za-z0-9.-]+/g, '_')
      .replace(/^[_.]+/, '')
      .slice(0, 80) || 'room'
  )
}

function download(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'application/json5' }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(url), 60_000)
}
