import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { Opened } from '../open/use-opened.ts'
import { Text } from '../text/text.tsx'

/** Where one begins: a file, or a server that asks for its token. */
export function StartView({
  hasLink,
  opened,
}: {
  readonly opened: Opened
  readonly hasLink: boolean
}): JSX.Element {
  const { failure, needsToken, progress } = opened
  return (
    <div class="start">
      <h1>Look inside a room</h1>
      {hasLink && !needsToken && progress === undefined && failure === undefined && (
        <p class="note">This link shows a room of a file. Open the file again to see it.</p>
      )}
      {needsToken && <TokenForm onGive={opened.giveToken} />}
      <FileField onOpen={opened.open} />
      <PasteForm onOpen={opened.open} />
      {progress !== undefined && (
        <p class="note" role="status">
          {progress}…
        </p>
      )}
      {failure !== undefined && (
        <p class="note failed" role="alert">
          <Text value={failure} cut={1_000} />
        </p>
      )}
    </div>
  )
}

/** Takes a file that is chosen; files that are dropped anywhere on the page are taken by the page. */
function FileField({ onOpen }: { readonly onOpen: (file: File) => void }): JSX.Element {
  const take = (input: HTMLInputElement): void => {
    const file = input.files?.[0]
    if (file !== undefined) onOpen(file)
    input.value = ''
  }
  return (
    <div class="drop">
      <p>
        <strong>Drop a file of events here</strong>
      </p>
      <label class="button main">
        Choose a file
        <input
          type="file"
          class="hidden-input"
          accept=".json,.jsonl,.ndjson,.json5,.txt,application/json"
          onChange={({ currentTarget }) => take(currentTarget)}
        />
      </label>
      <p class="quiet">It is read in this browser and sent nowhere.</p>
      <ul>
        <li>events in the federation format: one on each line (JSON Lines), or a JSON array</li>
        <li>
          an answer of <code>/state</code> or <code>/send_join</code> with its auth chain
        </li>
        <li>a TARDIS scenario</li>
        <li>
          what <code>roomserver export</code> writes
        </li>
      </ul>
    </div>
  )
}

/** Takes events that are pasted, as a file would hold them. */
function PasteForm({ onOpen }: { readonly onOpen: (file: File) => void }): JSX.Element {
  const [text, setText] = useState('')
  return (
    <form
      class="paste"
      onSubmit={(submitted) => {
        submitted.preventDefault()
        onOpen(new File([text], 'pasted events'))
      }}
    >
      <label>
        <span>Or paste events</span>
        <textarea
          rows={6}
          required
          spellcheck={false}
          autocomplete="off"
          value={text}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
        />
      </label>
      <button type="submit" class="main">
        Show the room
      </button>
    </form>
  )
}

function TokenForm({ onGive }: { readonly onGive: (token: string) => void }): JSX.Element {
  const [token, setToken] = useState('')
  return (
    <form
      class="token"
      onSubmit={(submitted) => {
        submitted.preventDefault()
        onGive(token)
      }}
    >
      <label>
        <span>Token of this server</span>
        <input
          type="password"
          required
          autocomplete="off"
          value={token}
          onInput={({ currentTarget }) => setToken(currentTarget.value)}
        />
      </label>
      <button type="submit" class="main">
        Connect
      </button>
      <p class="quiet">
        The one in <code>room_server.token</code>. It is kept until this tab is closed.
      </p>
    </form>
  )
}
