import { answers } from './program.js'

/** As Cloudflare's workerd runs it: `workerd test` calls it, and what it prints is read. */
export default {
  async test(): Promise<void> {
    console.log(JSON.stringify(await answers()))
  },
}
