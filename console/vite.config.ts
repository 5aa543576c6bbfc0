import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { precompressed } from './precompressed.ts'

// Everything comes from the server itself, under `default-src 'none'`: no inlined script, style or font as `data:`.
export default defineConfig({
  base: '/',
  plugins: [react(), precompressed()],
  build: {
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  // `npx vite` against a server that runs: the cookie of its session comes along.
  server: { proxy: { '/api': 'http://127.0.0.1:4400' } },
})
