import { runVectors } from '../../src/vectors/run.ts'

// Runs in Node, Deno and Bun alike; prints the rows that don't hold, by family.
const results = await runVectors(process.argv[2] ?? '')
console.log(JSON.stringify(Object.fromEntries(results.map(({ failed, family }) => [family, failed]))))
