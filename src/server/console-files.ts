import { readdirSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import type { Random } from '../core/random.ts'
import type { Fetch } from './http-server.ts'

const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  png: 'image/png',
  json: 'application/json',
}
const encodings = [
  ['br', '.br'],
  ['gzip', '.gz'],
] as const

/** Of every answer of the console. Another page that opens it gets no hold of it, and no address leaves it. */
const always = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
}
const policy = (nonce: string): string =>
  [
    `default-src 'none'`,
    `script-src 'self'`,
    `style-src 'self' 'nonce-${nonce}'`,
    `img-src 'self' data: blob:`,
    `connect-src 'self'`,
    `frame-ancestors 'none'`,
    `base-uri 'none'`,
    `form-action 'self'`,
  ].join('; ')

/** What is the API's, and never a page. */
const isApi = (path: string): boolean => /^\/(?:api|v1|v2|metrics)(?:\/|$)/.test(path)

/**
 * Owns: the console's files, as the build left them, and what a browser may do with them. Does not own: the API behind the page.
 *
 * 1. Files are read once, at the start, and found by their exact name: no address leads out of the directory, because none leads into it.
 * 2. Names under `assets/` hold a hash of their content: kept for ever. Everything else is asked for anew.
 * 3. Every other address outside the API is the page itself, never stored: its policy holds a nonce that is used once.
 */
export class ConsoleFiles {
  readonly #files = new Map<string, Buffer>()
  readonly #page: string | undefined
  readonly #random: Random

  /** Without a build (`directory` is not there) every page says how to make one. */
  constructor(directory: string, random: Random) {
    this.#random = random
    for (const file of filesOf(directory))
      this.#files.set(`/${file.replaceAll(sep, '/')}`, readFileSync(join(directory, file)))
    this.#page = this.#files.get('/index.html')?.toString('utf8')
    this.#files.delete('/index.html')
  }

  /** The console before `api`: pages and files are answered here, everything else there. */
  over(api: Fetch): Fetch {
    return (request, node) => {
      const { pathname } = new URL(request.url)
      const isRead = request.method === 'GET' || request.method === 'HEAD'
      return isRead && !isApi(pathname) ? this.#answer(pathname, request) : api(request, node)
    }
  }

  #answer(path: string, request: Request): Response {
    const file = this.#files.get(path)
    if (file) return this.#file(path, file, request)
    // A file of an older build, or one that never was: a page in its place would be run as a script.
    if (/\.[a-z0-9]{2,5}$/.test(path) || path.startsWith('/assets/')) return gone()
    return this.#index()
  }

  #file(path: string, file: Buffer, request: Request): Response {
    const wanted = request.headers.get('accept-encoding') ?? ''
    const packed = encodings.find(([name, end]) => wanted.includes(name) && this.#files.has(path + end))
    const body = packed ? (this.#files.get(path + packed[1]) ?? file) : file
    const headers = {
      ...always,
      'content-type': types[path.slice(path.lastIndexOf('.') + 1)] ?? 'application/octet-stream',
      'content-length': String(body.length),
      'cache-control': path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
      'content-security-policy': `default-src 'none'; style-src 'unsafe-inline'; sandbox`, // of an image that is opened by itself
      vary: 'accept-encoding',
      ...(packed && { 'content-encoding': packed[0] }),
    }
    return new Response(request.method === 'HEAD' ? null : new Uint8Array(body), { headers })
  }

  #index(): Response {
    const nonce = this.#random.bytes(16).toString('base64')
    const page = this.#page ?? notBuilt
    return new Response(page.replaceAll('__NONCE__', nonce), {
      status: this.#page === undefined ? 503 : 200,
      headers: {
        ...always,
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-store',
        'content-security-policy': policy(nonce),
      },
    })
  }
}

const gone = (): Response =>
  new Response('There is no such file.\n', {
    status: 404,
    headers: { ...always, 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
  })

const notBuilt = `<!doctype html><html lang="en"><title>Millrace</title>
<h1>The console is not built</h1><p>Run <code>npm run build:console</code>, then start the server again. The API answers meanwhile.</p></html>
`

function filesOf(directory: string): readonly string[] {
  try {
    return readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
  } catch {
    return [] // there is no build
  }
}
