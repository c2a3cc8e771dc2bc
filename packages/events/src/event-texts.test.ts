import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { eventTextIn, eventTextsIn } from './event-texts.ts'

describe('the events of an answer', () => {
  it.each<[string, readonly string[]]>([
    ['[]', []],
    ['[ ]', []],
    ['[{}]', ['{}']],
    ['[{},{}]', ['{}', '{}']],
    ['[1,"a",[],null]', ['1', '"a"', '[]', 'null']],
    ['[[1,[2,3]],{"a":[4,{"b":5}]},6]', ['[1,[2,3]]', '{"a":[4,{"b":5}]}', '6']],
    ['["],[","\\\\","\\"]\\"",{"]":"}"}]', ['"],["', '"\\\\"', '"\\"]\\""', '{"]":"}"}']],
    ['[{"b":1,"a":2}, {"d":[ 3 ]}]', ['{"a":2,"b":1}', '{"d":[3]}']],
  ])('are each a text: %s', (list, texts) => {
    expect(eventTextsIn(`{"pdus":${list},"more":[7]}`, 'pdus')).toEqual(texts)
  })

  it('keep numbers that no double holds', () => {
    expect(eventTextsIn('{"pdus":[{"depth":123456789012345678901}]}', 'pdus')).toEqual([
      '{"depth":123456789012345678901}',
    ])
  })

  it('are the items of the list, whatever stands in them', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), (items) => {
        const texts = eventTextsIn({ pdus: items }, 'pdus') ?? []
        expect(texts.map((text) => JSON.parse(text) as unknown)).toEqual(JSON.parse(JSON.stringify(items)))
      }),
    )
  })

  it('are none where there is no list of that name', () => {
    for (const answer of ['{}', '{"pdus":{}}', '{"pdus":null}', '{"state":[]}'])
      expect(eventTextsIn(answer, 'pdus'), answer).toBeUndefined()
  })

  it('are an error in what is not an object', () => {
    for (const answer of ['[]', '', 'null', '{"pdus":['])
      expect(() => eventTextsIn(answer, 'pdus'), answer).toThrow(
        expect.objectContaining({ code: 'MALFORMED_EVENT' }),
      )
  })
})

it('the event that is a member of an answer is given as text', () => {
  expect(eventTextIn('{"event":{"b":1,"a":2},"members_omitted":false}', 'event')).toBe('{"a":2,"b":1}')
  expect(eventTextIn('{"state":[]}', 'event')).toBeUndefined()
})
