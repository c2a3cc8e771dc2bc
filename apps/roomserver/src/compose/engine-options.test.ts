import { expect, it } from 'vitest'
import { ownSection } from '../config/own-section.ts'
import { maxExtremitiesOf } from './engine-options.ts'

it.each([
  ['nothing is said', {}, 10],
  // Else one server could have it grow without bound in the profile that most run.
  ['the reference is to be taken the place of', { compatibility: 'dendrite-2022' }, 10],
  ['it is the server of today', { compatibility: 'current' }, 10],
  ['a number is said', { compatibility: 'dendrite-2022', max_extremities: 3 }, 3],
  ['it is switched off', { compatibility: 'current', max_extremities: 0 }, Number.POSITIVE_INFINITY],
])('knows how many forward extremities a room may have when %s', (_when, section, expected) => {
  expect(maxExtremitiesOf(ownSection.parse(section))).toBe(expected)
})
