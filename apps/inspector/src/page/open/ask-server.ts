/** The server wants a token, or another one. */
export class TokenNeeded extends Error {
  constructor() {
    super('the server asks for its token; reload the page to give it')
  }
}

/** The server has no such operation, or does not allow it. */
export class NotServed extends Error {
  constructor() {
    super('the server does not serve this')
  }
}

/** Asks a room server. */
export type Ask = <Response>(operation: string, request: object) => Promise<Response>

/**
 * A way to ask the server that the page comes from.
 *
 * @param base - its address up to `/api`
 * @param family - where its operations are below that
 * @param token - sent as a bearer token; `undefined`: none
 */
export function askServer(base: URL, family: string, token: string | undefined): Ask {
  return async (operation, request) => {
    // No header can hold it: the browser would fail as if there were no server.
    if (token !== undefined && /[^ -~]/.test(token)) throw new TokenNeeded()
    const answer = await fetch(new URL(`api/${family}/${operation}`, base), {
      method: 'POST',
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      body: JSON.stringify(request),
      credentials: 'omit',
      redirect: 'error',
    }).catch((cause: unknown) => {
      throw new Error('the server does not answer; try again when it runs', { cause })
    })
    if (answer.status === 401) throw new TokenNeeded()
    if (answer.ok) return answer.json()
    const says = await failureText(answer)
    if (says === undefined && NOT_SERVED.has(answer.status)) throw new NotServed()
    throw new Error(says ?? `the server answered ${answer.status}`)
  }
}

/** What servers answer to a `POST` that they know nothing of; those of static pages, too. */
const NOT_SERVED: ReadonlySet<number> = new Set([404, 405, 501])

/** What a server says of a failure; `undefined`: nothing that can be read. */
async function failureText(answer: Response): Promise<string | undefined> {
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
  return undefined
}
