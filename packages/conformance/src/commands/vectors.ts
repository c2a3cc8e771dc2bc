import { Command } from 'commander'
import { type FamilyResult, runVectors } from '../vectors/run.ts'

/** `conformance vectors FOLDER` */
export function vectorsCommand(): Command {
  return new Command('vectors')
    .description('check golden vectors (*.jsonl, *.jsonl.gz) and list those that do not hold')
    .argument('<folder>', 'where the vector files are')
    .action(async (folder: string) => {
      const results = await runVectors(folder)
      for (const line of report(results)) console.log(line)
      if (results.length === 0 || results.some(({ failed }) => failed.length > 0)) process.exitCode = 1
    })
}

function report(results: readonly FamilyResult[]): string[] {
  const sum = (count: (result: FamilyResult) => number) => results.reduce((n, result) => n + count(result), 0)
  return [
    ...results.flatMap(({ family, passed, failed }) => [
      `${family}: ${passed} passed, ${failed.length} failed`,
      ...failed.map(({ id, difference }) => `  ${id}: ${difference}`),
    ]),
    ...(results.length === 0 ? ['no vector files in this folder'] : []),
    `${sum(({ passed }) => passed)} passed, ${sum(({ failed }) => failed.length)} failed`,
  ]
}
