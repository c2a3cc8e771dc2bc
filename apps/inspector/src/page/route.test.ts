import { expect, it } from 'vitest'
import { readRoute, type Route, writeRoute } from './route.ts'

const ROUTES: readonly Route[] = [
  { view: 'start' },
  { view: 'rooms', query: { search: 'a b&c', sort: 'bytes' } },
  { view: 'jobs', query: {} },
  { view: 'room', roomId: '!a/b?c#d%:ex.org', tab: 'graph', query: { event: '$x/y+z=&' } },
  { view: 'room', roomId: '!\u202e', tab: 'what-if', query: { content: '{"a":"é"}' } },
]

it.each(ROUTES)('finds the way back to $view', (route) => expect(readRoute(writeRoute(route))).toEqual(route))

it.each(['', '#', '#/nowhere', '#/room', '#/room/', '#//'])('leads from %s to the start', (hash) => {
  expect(readRoute(hash)).toEqual({ view: 'start' })
})

it('reads addresses whose escapes are broken', () => {
  expect(readRoute('#/room/%E0%A4/nothing')).toEqual({
    view: 'room',
    roomId: '%E0%A4',
    tab: 'graph',
    query: {},
  })
})

it('leaves out what is empty', () => {
  expect(writeRoute({ view: 'room', roomId: '!r', tab: 'state', query: { at: '', side: 'before' } })).toBe(
    '#/room/!r/state?side=before',
  )
})
