import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'
import { parseSync } from 'vite'

/** A part of a syntax tree, and where in the text it stands. */
interface SyntaxNode {
  readonly type: string
  readonly start: number
  readonly end: number
}

/** Under this name counted code finds what it adds to. */
const COUNTED = '__countedBlocks'
const ADD = `${COUNTED}.sum++`

/** The parts of each kind of code that are entered or not, or again and again. */
const ENTERED: Readonly<Record<string, readonly string[]>> = {
  ArrowFunctionExpression: ['body'],
  CatchClause: ['body'],
  ConditionalExpression: ['consequent', 'alternate'],
  DoWhileStatement: ['body'],
  ForInStatement: ['body'],
  ForOfStatement: ['body'],
  ForStatement: ['body'],
  FunctionDeclaration: ['body'],
  FunctionExpression: ['body'],
  IfStatement: ['consequent', 'alternate'],
  LogicalExpression: ['right'],
  SwitchCase: ['consequent'],
  TryStatement: ['block', 'finalizer'],
  WhileStatement: ['body'],
}

/** How often the blocks of our own code were entered: exact, and the same at every run. */
export class CountedBlocks {
  readonly #counted = { sum: 0 }

  /**
   * Has modules that are imported from now on count their blocks.
   *
   * @param isCounted - which ones, by URL
   */
  constructor(isCounted: (url: string) => boolean) {
    Object.assign(globalThis, { [COUNTED]: this.#counted })
    registerHooks({
      load: (url, context, next) =>
        isCounted(url)
          ? {
              format: 'module-typescript',
              source: withCounts(readFileSync(fileURLToPath(url), 'utf8')),
              shortCircuit: true,
            }
          : next(url, context),
    })
  }

  /** All blocks so far. */
  get sum(): number {
    return this.#counted.sum
  }
}

/** A text of TypeScript in which every function, loop, branch and case counts that it is entered. */
export function withCounts(text: string): string {
  const { errors, program } = parseSync('counted.ts', text)
  if (errors.length > 0) throw new SyntaxError(errors[0]?.message)
  const openings = new Map<number, string>()
  const closings = new Map<number, string>()
  for (const { start, end, opening, closing } of countsIn(program)) {
    openings.set(start, (openings.get(start) ?? '') + opening)
    // What is inside of others comes later, and ends first.
    closings.set(end, closing + (closings.get(end) ?? ''))
  }
  let counting = ''
  let from = 0
  for (const at of [...openings.keys(), ...closings.keys()].toSorted((one, other) => one - other)) {
    counting += text.slice(from, at) + (closings.get(at) ?? '') + (openings.get(at) ?? '')
    closings.delete(at)
    openings.delete(at)
    from = at
  }
  return counting + text.slice(from)
}

/** What is to stand before and behind a part of a text. */
interface Count {
  readonly start: number
  readonly end: number
  readonly opening: string
  readonly closing: string
}

function* countsIn(program: SyntaxNode): Generator<Count, void, void> {
  for (const node of nodesIn(program)) {
    for (const part of ENTERED[node.type] ?? []) {
      // Of the statements of a case, the first one counts for all.
      for (const entered of nodesAt(node, part).slice(0, 1)) yield countOf(entered, node)
    }
  }
}

function countOf({ type, start, end }: SyntaxNode, within: SyntaxNode): Count {
  if (type === 'BlockStatement') return { start: start + 1, end, opening: `${ADD};`, closing: '' }
  if (within.type === 'SwitchCase') return { start, end, opening: `${ADD};`, closing: '' }
  return type.endsWith('Statement')
    ? { start, end, opening: `{${ADD};`, closing: '}' }
    : { start, end, opening: `(${ADD},`, closing: ')' }
}

/** A node and all below it, the outer ones first. */
function* nodesIn(node: SyntaxNode): Generator<SyntaxNode, void, void> {
  yield node
  for (const part of Object.keys(node)) for (const below of nodesAt(node, part)) yield* nodesIn(below)
}

/** The node or nodes that are a part of another one. */
function nodesAt(node: SyntaxNode, part: string): readonly SyntaxNode[] {
  const value: unknown = Reflect.get(node, part)
  return (Array.isArray(value) ? value : [value]).filter(isNode)
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value && 'end' in value
}
