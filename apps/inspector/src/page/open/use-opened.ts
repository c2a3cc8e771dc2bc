import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import type { Inspected } from '../app/inspection-context.ts'
import { messageOf } from '../app/use-loaded.ts'
import { NotWanted, openFile } from './open-file.ts'
import { TokenNeeded } from './ask-server.ts'
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

  const connect = useCallback(async (token: string | undefined): Promise<void> => {
    const base = serverBase()
    if (base === undefined) return
    const api = serverInspection(base, token)
    try {
      const { server_name } = await api.activity({})
      holdToken(token)
      setNeedsToken(false)
      setFailure(undefined)
      const changes = await serverChanges(base, token)
      setInspected({ kind: 'server', name: server_name, api, changes })
    } catch (error) {
      if (!(error instanceof TokenNeeded)) return
      if (token !== undefined) setFailure('The server does not accept this token.')
      holdToken(undefined)
      setNeedsToken(true)
    }
  }, [])

  useEffect(() => {
    void connect(heldToken()).finally(() => setProgress(undefined))
  }, [connect])

  const turn = useRef(0)
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
        setProgress(undefined)
        setProblems(unread)
        setInspected(opened)
      },
      (error: unknown) => {
        if (error instanceof NotWanted) return
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
