import { RoomserverError } from '@roomserver/types'
import { expect, it } from 'vitest'
import { givenComponents } from './given-components.ts'

/** A component of a class, whose methods need their object, with one operation. */
class Component {
  readonly #answer: () => unknown
  readonly version = 3

  constructor(answer: () => unknown) {
    this.#answer = answer
  }

  operation(...asked: readonly unknown[]): unknown {
    return [this.#answer(), ...asked]
  }
}

type Operation = { readonly operation: (...asked: readonly unknown[]) => Promise<unknown> }

const given = (option: string, answer: () => unknown) => {
  const components = givenComponents({ [option]: new Component(answer) }) as Record<string, unknown>
  return components[option] as Operation
}

it('gives what a component answers, whether it waits or not', async () => {
  expect(await given('federation', () => 'yes').operation('room', { signal: 1 })).toEqual([
    'yes',
    'room',
    { signal: 1 },
  ])
  expect(given('federation', () => 'yes')).toMatchObject({ version: 3 })
})

it.each([
  ['federation', 'federation'],
  ['policyServers', 'federation'],
  ['user', 'user'],
  ['appservice', 'appservice'],
])('makes what %s throws a failure of the component', async (option, component) => {
  const cause = new Error('away')
  const failing = given(option, () => {
    throw cause
  }).operation()
  await expect(failing).rejects.toMatchObject({
    code: 'COMPONENT_FAILED',
    details: { component, operation: 'operation', reason: 'away' },
    message: `${component} failed operation: away`,
    cause,
  })
})

it('passes on failures that have a code, and texts that are thrown', async () => {
  const failure = new RoomserverError('NOT_ALLOWED', { rule: '4.1', reason: 'banned' }, 'banned')
  const throwing = (error: unknown) => () => {
    throw error
  }
  await expect(given('user', throwing(failure)).operation()).rejects.toBe(failure)
  await expect(given('user', throwing('no')).operation()).rejects.toMatchObject({ details: { reason: 'no' } })
})

it('leaves out what is not given', () => {
  const none = { federation: undefined, policyServers: undefined, user: undefined, appservice: undefined }
  expect(givenComponents()).toEqual(none)
  expect(givenComponents({ federation: undefined })).toEqual(none)
})

it.each<readonly [string, object]>([
  ['federation', { federation: 'http://127.0.0.1:7772' }],
  ['policyServers', { policyServers: null }],
  ['user', { user: 7 }],
  ['appservice', { appservice: () => undefined }],
  ['federationApi', { federationApi: {} }],
])('names %s where that is something else', (option, components) => {
  expect(() => givenComponents(components)).toThrow(
    expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      details: expect.objectContaining({ argument: `components.${option}` }) as object,
    }) as Error,
  )
})
