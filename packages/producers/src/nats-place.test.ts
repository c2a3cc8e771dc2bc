import { expect, it } from 'vitest'
import { natsPlace } from './nats-place.ts'

it.each([
  [['nats://127.0.0.1:4222', 'tls://nats.example.org'], 'nats://127.0.0.1:4222, tls://nats.example.org'],
  [['nats://rooms:secret@here:4222'], 'nats://here:4222'],
  [['nats://token@here:4222'], 'nats://here:4222'],
  [['nats://rooms:se/c@ret@here:4222'], 'nats://here:4222'],
  [['token@here:4222', 'here'], 'here:4222, here'],
])('shows where NATS is, and no secret: %j', (servers, place) => {
  expect(natsPlace(servers)).toBe(place)
})
