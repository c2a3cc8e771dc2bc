import { join } from 'node:path'
import { defineConfig } from 'vite'

const page = join(import.meta.dirname, 'src/page')

/**
 * One classic script and one style sheet beside a page that is copied as it stands: a browser runs them from a disk as
 * well, where it refuses modules.
 */
export default defineConfig({
  root: page,
  publicDir: 'static',
  base: './',
  resolve: { conditions: ['@roomserver/source', 'module', 'browser', 'default'] },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: join(import.meta.dirname, 'dist/page'),
    emptyOutDir: true,
    target: 'es2023',
    cssCodeSplit: false,
    rolldownOptions: {
      input: join(page, 'main.tsx'),
      output: { format: 'iife', entryFileNames: 'inspector.js', assetFileNames: 'inspector[extname]' },
    },
  },
})
