import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ROOT, readText } from './packages.ts'

/** A name that a package exports, and the declaration behind it. */
export interface ExportedName {
  readonly name: string
  /** The file of the declaration; that of the index if it is not found. */
  readonly path: string
  /** The text before the declaration up to the one before it; `undefined`: there is no such declaration. */
  readonly before: string | undefined
}

const LIST = /export (?:type )?\{([^}]*)\} from '(\.[^']+)'/g

/** The names that an index lists, followed to their declarations in the package. */
export function exportedNames(index: string): readonly ExportedName[] {
  return [...withoutComments(readText(index)).matchAll(LIST)].flatMap(([, list = '', target = '']) =>
    list
      .split(',')
      .map((entry) => entry.trim().replace(/^type /, ''))
      .filter((entry) => entry !== '')
      .map((entry) => {
        const [own = entry, name = own] = entry.split(' as ')
        return declarationOf(own, join(dirname(index), target)) ?? { name, path: index, before: undefined }
      }),
  )
}

function declarationOf(name: string, path: string): ExportedName | undefined {
  if (!existsSync(join(ROOT, path))) return undefined
  const text = readText(path)
  const declared = new RegExp(
    `^export (?:declare )?(?:abstract )?(?:async )?(?:function\\*?|const|let|class|interface|type) ${name}\\b`,
    'm',
  ).exec(text)
  if (declared !== null) return { name, path, before: text.slice(0, declared.index) }
  return exportedNames(path).find((one) => one.name === name)
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
}
