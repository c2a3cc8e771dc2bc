import type { ServerName } from '@roomserver/types'
import { describe, expect, it } from 'vitest'
import { compileServerAcl } from './server-acl.ts'

const verdict = (content: Record<string, unknown>, server: string) =>
  compileServerAcl(content)(server as ServerName)

const OPEN = { allow: ['*'] }
const NO_IPS = { allow: ['*'], allow_ip_literals: false }

describe('compileServerAcl', () => {
  it.each([
    // why,                                  content,                                  server,          decided by
    ['deny beats allow', { ...OPEN, deny: ['evil.com'] }, 'evil.com', 'deny'],
    ['the port is not looked at', { ...OPEN, deny: ['evil.com'] }, 'evil.com:8448', 'deny'],
    ['a glob covers the whole name', { ...OPEN, deny: ['evil.com'] }, 'notevil.com', 'allow'],
    ['a glob does not stop at dots', { ...OPEN, deny: ['*.evil.com'] }, 'a.b.evil.com', 'deny'],
    ['case is ignored', { ...OPEN, deny: ['*.EVIL.com'] }, 'a.evil.COM', 'deny'],
    ['one character, whichever', { allow: ['s?.org'] }, 's1.org', 'allow'],
    ['nothing matched', { allow: ['good.org'] }, 'other.org', 'default'],
    ['no lists shut everyone out', {}, 'any.org', 'default'],
    ['IP literals are fine unless refused', OPEN, '1.2.3.4', 'allow'],
    ['an IPv4 literal', NO_IPS, '1.2.3.4', 'ip-literal'],
    ['an IPv6 literal with port', NO_IPS, '[::1]:8448', 'ip-literal'],
    ['an IPv4 literal with zeros before its numbers', NO_IPS, '010.0.0.1', 'ip-literal'],
    [
      'brackets without an address in them, which Synapse shuts out too',
      NO_IPS,
      '[1:2:3]:8448',
      'ip-literal',
    ],
    ['numbers that are not an address', NO_IPS, '1.2.3.4.5', 'allow'],
    ['a glob over addresses', { ...OPEN, deny: ['10.*'] }, '10.0.0.1', 'deny'],
    [
      'junk falls back to defaults',
      { allow: ['*', 7], deny: 'x', allow_ip_literals: 'no' },
      '1.2.3.4',
      'allow',
    ],
    ['junk among the globs', { ...OPEN, deny: [null, {}, 'evil.com'] }, 'evil.com', 'deny'],
  ])('%s', (_why, content, server, by) => {
    expect(verdict(content, server).by).toBe(by)
  })

  it.each([
    [
      { ...OPEN, deny: ['x', '*.Evil.com'] },
      'a.evil.com',
      { allowed: false, by: 'deny', glob: '*.Evil.com' },
    ],
    [{ allow: ['x', 'g*.org'] }, 'good.org', { allowed: true, by: 'allow', glob: 'g*.org' }],
    [{ allow: ['x'] }, 'good.org', { allowed: false, by: 'default' }],
    [NO_IPS, '[::1]', { allowed: false, by: 'ip-literal' }],
  ])('says whether %o allows %s, and the clause and glob that decided', (content, server, expected) => {
    expect(verdict(content, server)).toEqual(expected)
  })

  it('comes to an end on an event full of globs built to backtrack', () => {
    const deny = Array.from({ length: 250 }, () => `${'*a'.repeat(120)}b`)
    expect(verdict({ ...OPEN, deny }, 'a'.repeat(255)).by).toBe('allow')
  })
})
