import { expect, it } from 'vitest'
import { RequestAdmission } from './request-admission.ts'

it('takes all events of a request for a room or none, as it was when the first came', () => {
  const full = new Set(['!full:a'])
  const asked: string[] = []
  const admission = new RequestAdmission({
    admit: (roomId) => {
      asked.push(roomId)
      if (full.has(roomId)) throw new Error(`${roomId} is full`)
    },
  })
  admission.admit('!free:a')
  expect(() => admission.admit('!full:a')).toThrow('!full:a is full')
  full.delete('!full:a')
  full.add('!free:a')
  admission.admit('!free:a')
  expect(() => admission.admit('!full:a')).toThrow('!full:a is full')
  expect(() => new RequestAdmission({ admit: () => undefined }).admit('!full:a')).not.toThrow()
  expect(asked).toEqual(['!free:a', '!full:a'])
})
