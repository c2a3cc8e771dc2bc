import { answers } from './program.js'

// A page built by Vite: it shows what came out.
document.title = JSON.stringify(await answers())
