import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Command } from 'commander'
import { freePortPrefix, startPolyliths } from '../interop/polylith.ts'
import { type ReferenceOptions, referencePrograms } from '../interop/reference-programs.ts'
import { runStories } from '../interop/run-scenarios.ts'
import { HOLES } from '../stories/holes.ts'
import { withReferenceOption } from './reference-option.ts'

interface RecordOptions extends ReferenceOptions {
  readonly only?: string
}

/** `conformance record FOLDER`: what the reference's room servers do in rooms with holes, as recordings to replay. */
export function recordCommand(): Command {
  return withReferenceOption(new Command('record'))
    .description('records federating homeservers of the reference while the links between them break')
    .argument('<folder>', 'takes hs1.jsonl, hs2.jsonl and hs3.jsonl')
    .option('--only <pattern>', 'stories to tell')
    .action(async (folder: string, options: RecordOptions) => {
      const programs = await referencePrograms(options)
      if (typeof programs === 'string') {
        console.log(`Nothing was recorded, the reference is left out: ${programs}.`)
        return
      }
      await mkdir(folder, { recursive: true })
      const files = ['hs1', 'hs2', 'hs3'].map((name) => join(folder, `${name}.jsonl`))
      const only = options.only === undefined ? undefined : new RegExp(options.only)
      await using polyliths = await startPolyliths(programs, await freePortPrefix(), undefined, files)
      const observations = await runStories(polyliths.servers, only, HOLES)
      for (const { step, status, meaning } of observations)
        if (status !== 200) console.log(`${step}: ${status} ${JSON.stringify(meaning)}`)
      console.log(`${observations.length} steps, recorded in ${files.join(', ')}`)
    })
}
