import type { InspectionApi, InspectionOperation } from '@roomserver/api'

/** The server wants a token, or another one. */
export class TokenNeeded extends Error {
  constructor() {
    super('the server asks for its token')
  }
}

/** Asks a room server. */
type Ask = <Response>(operation: InspectionOperation, request: object) => Promise<Response>

/**
 * The inspection of the server that the page comes from.
 *
 * @param base - its address up to `/api`
 * @param token - sent as a bearer token; `undefined`: none
 */
export function serverInspection(base: URL, token: string | undefined): InspectionApi {
  const ask: Ask = async (operation, request) => {
    const answer = await fetch(new URL(`api/inspect/v1/${operation}`, base), {
      method: 'POST',
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      body: JSON.stringify(request),
      credentials: 'omit',
      redirect: 'error',
    })
    if (answer.status === 401) throw new TokenNeeded()
    if (!answer.ok) throw new Error(await failureText(answer))
    return answer.json()
  }
  return {
    rooms: (request) => ask('rooms', request),
    room: (request) => ask('room', request),
    members: (request) => ask('members', request),
    jobs: (request) => ask('jobs', request),
    activity: (request) => ask('activity', request),
    event: (request) => ask('event', request),
    events: (request) => ask('events', request),
    graph: (request) => ask('graph', request),
    exportRoom: (request) => ask('exportRoom', request),
    whatIf: (request) => ask('whatIf', request),
    state: (request) => ask('state', request),
    diff: (request) => ask('diff', request),
    history: (request) => ask('history', request),
    journal: (request) => ask('journal', request),
    resolution: (request) => ask('resolution', request),
    explain: (request) => ask('explain', request),
  }
}

/** What a server says of a failure; its status where it says nothing that can be read. */
async function failureText(answer: Response): Promise<string> {
  const text = await answer.text()
  try {
    const body: unknown = JSON.parse(text)
    if (typeof body === 'object' && body !== null) {
      const { Message, message } = body as { readonly Message?: unknown; readonly message?: unknown }
      const said = Message ?? message
      if (typeof said === 'string') return said
    }
  } catch {
    // Something between the page and the server answered.
  }
  return `the server answered ${answer.status}`
}
