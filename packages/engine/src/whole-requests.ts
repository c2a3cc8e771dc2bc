import { type CallContext, type Endpoint, whole } from '@roomserver/api'

type Method = (request: unknown, context?: CallContext | null) => Promise<unknown>

/**
 * Has every operation of a table read its request as it would over HTTP. The types promise whole requests to the operations;
 * programs in JavaScript, and what is read from elsewhere, do not keep to them.
 *
 * @returns whose methods reject with INVALID_ARGUMENT where a request is of the wrong shape
 */
export function withWholeRequests<Api extends object>(
  table: Readonly<Record<keyof Api, Pick<Endpoint, 'request'>>>,
  api: Api,
): Api {
  const methods = Object.entries(api as Readonly<Record<string, Method>>).map(([name, method]) => {
    const { request: schema } = table[name as keyof Api]
    const call: Method = async (request, context) =>
      await method(whole(schema, request), context ?? undefined)
    return [name, call] as const
  })
  return Object.fromEntries(methods) as Api
}
