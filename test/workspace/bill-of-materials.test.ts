import { expect, it } from 'vitest'
import { billOfMaterials, licenceTable } from '../../scripts/sbom.ts'

const PARTS = [
  { name: '@noble/hashes', version: '2.0.1', licence: 'MIT', homepage: 'https://paulmillr.com/noble/' },
  { name: 'pg', version: '8.0.0', licence: 'MIT', homepage: undefined },
  { name: 'both', version: '1.0.0', licence: 'MIT OR Apache-2.0', homepage: undefined },
]

it('names packages as tools that look for known faults do', () => {
  expect(billOfMaterials(PARTS)).toMatchObject({
    bomFormat: 'CycloneDX',
    components: [
      { purl: 'pkg:npm/%40noble/hashes@2.0.1', licenses: [{ license: { name: 'MIT' } }] },
      { purl: 'pkg:npm/pg@8.0.0' },
      { licenses: [{ expression: 'MIT OR Apache-2.0' }] },
    ],
  })
})

it('lists packages by licence', () => {
  expect(licenceTable(PARTS).split('\n').slice(2)).toEqual([
    '| MIT | @noble/hashes 2.0.1, pg 8.0.0 |',
    '| MIT OR Apache-2.0 | both 1.0.0 |',
  ])
})
