import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import type { Inspected } from '../app/inspection-context.ts'
import { messageOf } from '../app/use-loaded.ts'
import { NotWanted, openFile } from './open-file.ts'
import { NotServed, TokenNeeded } from './ask-server.ts'
import { serverChanges } from './server-changes.ts'
import { serverInspection } from './server-inspection.ts'
import { heldToken, holdToken } from './token.ts'

/** What has been opened, and how to open something else. */
export interface Opened {
  readonly inspected: Inspected | undefined
  /** What is being done, for people; `undefined`: nothing. */
  readonly progress: string | undefined
  readonly failure: string | undefined
  /** What of the file could not be read. */
  readonly problems: readonly string[]
  /** There is a server, and it asks for a token. */
  readonly needsToken: boolean
  readonly open: (file: File) => void
  readonly giveToken: (token: string) => void
}

/** Opens files, and the server that the page comes from where there is one. */
export function useOpened(): Opened {
  const [inspected, setInspected] = useState<Inspected>()
  const [progress, setProgress] = useState<string | undefined>('Looking for a server')
  const [failure, setFailure] = useState<string>()
  const [problems, setProblems] = useState<readonly string[]>([])
  const [needsToken, setNeedsToken] = useState(false)

  // Whatever was begun last is what is opened.
  const turn = useRef(0)
  const connect = useCallback(async (token: string | undefined): Promise<void> => {
    const own = ++turn.current
    const isWanted = (): boolean => own === turn.current
    const base = serverBase()
    if (base === undefined) return setProgress(undefined)
    const api = serverInspection(base, token)
    try {
      const { server_name } = await api.activity({})
      const changes = await serverChanges(base, token)
      if (!isWanted()) return
      holdToken(token)
      setNeedsToken(false)
      setFailure(undefined)
      setProgress(undefined)
      setInspected({ kind: 'server', name: server_name, api, changes })
    } catch (error) {
      if (!isWanted()) return
      setProgress(undefined)
      if (error instanceof NotServed) return
      if (!(error instanceof TokenNeeded)) return setFailure(`Could not open the server: ${messageOf(error)}`)
      if (token !== undefined) setFailure('The server does not accept this token.')
      holdToken(undefined)
      setNeedsToken(true)
    }
  }, [])

  useEffect(() => {
    void connect(heldToken())
  }, [connect])

  const open = useCallback((file: File) => {
    const own = ++turn.current
    const isWanted = (): boolean => own === turn.current
    setFailure(undefined)
    setProblems([])
    const onProgress = (says: string): void => {
      if (isWanted()) setProgress(says)
    }
    openFile(file, { onProgress, onGraph: setInspected, isWanted }).then(
      ({ inspected: opened, problems: unread }) => {
        if (!isWanted()) return
        setProgress(undefined)
        setProblems(unread)
        setInspected(opened)
      },
      (error: unknown) => {
        if (error instanceof NotWanted || !isWanted()) return
        setProgress(undefined)
        setFailure(`Could not open ${file.name}: ${messageOf(error)}`)
      },
    )
  }, [])
  const giveToken = useCallback((token: string) => void connect(token), [connect])
  return { inspected, progress, failure, problems, needsToken, open, giveToken }
}

/** Where the server's `/api` is; `undefined`: the page was opened from a disk. */
function serverBase(): URL | undefined {
  return location.protocol.startsWith('http') ? new URL('..', location.href) : undefined
}
