import { expect, it } from 'vitest'
import { nearMiss } from './near-miss.ts'

const KNOWN = ['server_name', 'private_key', 'cache']

it.each([
  ['server_nam', 'server_name'],
  ['server_names', 'server_name'],
  ['sevrer_name', 'server_name'],
  ['Server_Name', 'server_name'],
  ['prlvate_key', 'private_key'],
  ['dns_cache', undefined],
  ['presence', undefined],
  ['cache', undefined],
])('%j was meant to be %j', (key, meant) => expect(nearMiss(key, KNOWN)).toBe(meant))
