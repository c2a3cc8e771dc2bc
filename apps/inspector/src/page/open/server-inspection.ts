import type { InspectionApi } from '@roomserver/api'
import { askServer } from './ask-server.ts'

/**
 * The inspection of the server that the page comes from.
 *
 * @param base - its address up to `/api`
 * @param token - sent as a bearer token; `undefined`: none
 */
export function serverInspection(base: URL, token: string | undefined): InspectionApi {
  const ask = askServer(base, 'inspect/v1', token)
  return {
    rooms: (request) => ask('rooms', request),
    room: (request) => ask('room', request),
    roomName: (request) => ask('roomName', request),
    members: (request) => ask('members', request),
    jobs: (request) => ask('jobs', request),
    activity: (request) => ask('activity', request),
    event: (request) => ask('event', request),
    events: (request) => ask('events', request),
    graph: (request) => ask('graph', request),
    arrivals: (request) => ask('arrivals', request),
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
