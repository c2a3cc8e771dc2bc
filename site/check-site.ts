import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'

/** What a page loads, and what it leads to. */
const LOADS = /<(?:script|img|iframe|source)\b[^>]*?\ssrc="([^"]+)"|<link\b[^>]*?\shref="([^"]+)"/g
const LINKS = /<a\b[^>]*?\shref="([^"]+)"/g

/** Everything that is wrong with the links of a built site: what it loads from elsewhere, and what leads nowhere. */
export function faultsOf(site: string): readonly string[] {
  const pages = htmlIn(site)
  return pages.flatMap((page) => {
    const html = readFileSync(page, 'utf8')
    const loads = [...html.matchAll(LOADS)].map(([, source, link]) => source ?? link ?? '')
    const links = [...html.matchAll(LINKS)].map(([, link]) => link ?? '')
    const foreign = loads.filter((url) => /^(?:[a-z]+:)?\/\//.test(url)).map((url) => `loads ${url}`)
    const broken = [...loads, ...links]
      .filter((url) => !leadsSomewhere(page, url))
      .map((url) => `leads to ${url}`)
    return [...foreign, ...broken].map((fault) => `${relative(site, page)} ${fault}`)
  })
}

function leadsSomewhere(page: string, url: string): boolean {
  if (/^(?:[a-z]+:|\/\/)/.test(url)) return true
  const [path = '', anchor] = decodeURI(url).split('#')
  const target = path === '' ? page : join(dirname(page), path.split('?')[0] ?? '')
  if (!existsSync(target)) return false
  if (anchor === undefined || anchor === '' || !target.endsWith('.html') || statSync(target).isDirectory())
    return true
  return idsIn(target).has(anchor)
}

const known = new Map<string, ReadonlySet<string>>()

function idsIn(page: string): ReadonlySet<string> {
  const found =
    known.get(page) ??
    new Set([...readFileSync(page, 'utf8').matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id ?? ''))
  known.set(page, found)
  return found
}

function htmlIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.html'))
    .map((name) => join(folder, name))
}
