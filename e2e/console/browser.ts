import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, chromium, type Page } from 'playwright-core'

/** The system's own. Where there is none the tests are skipped, and say so. */
const executable = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((file) =>
  existsSync(file),
)
export const isChromiumThere: boolean = executable !== undefined
if (!isChromiumThere)
  console.warn('SKIPPED: no Chromium on this machine, so nothing of the console is tested. `apt-get install chromium`.')

const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export interface Browser {
  readonly context: BrowserContext
  /** What the content security policy stopped, and what a page threw: none is wanted. */
  readonly troubles: string[]
  open(url: string): Promise<Page>
  close(): Promise<void>
}

export interface BrowserOptions {
  readonly scheme?: 'light' | 'dark'
  readonly width?: number
}

/** A browser with nothing in it. */
export async function openBrowser({ scheme = 'light', width = 1280 }: BrowserOptions): Promise<Browser> {
  const directory = mkdtempSync(join(tmpdir(), 'millrace-chromium-'))
  const context = await chromium.launchPersistentContext(directory, {
    ...(executable !== undefined && { executablePath: executable }),
    headless: true,
    args: flags,
    colorScheme: scheme,
    reducedMotion: 'reduce',
    viewport: { width, height: 860 },
    locale: 'en-GB',
    timezoneId: 'UTC',
  })
  const troubles: string[] = []
  await context.exposeBinding('toldOfTrouble', (_source, what: string) => void troubles.push(what))
  await context.addInitScript(
    `addEventListener('securitypolicyviolation', ({ blockedURI, lineNumber, sourceFile, violatedDirective }) =>
      toldOfTrouble(violatedDirective + ' stopped ' + blockedURI + ' ' + sourceFile + ':' + lineNumber))`,
  )
  const watch = (page: Page): void => {
    page.on('pageerror', (error) => void troubles.push(`threw ${error.message}`))
    page.on('console', (message) => {
      const isOurs = message.type() === 'error' && !/status of (?:401|404)/.test(message.text())
      if (isOurs) troubles.push(`said ${message.text()}`)
    })
  }
  context.on('page', watch)
  for (const page of context.pages()) watch(page)
  return {
    context,
    troubles,
    async open(url) {
      const page = context.pages()[0] ?? (await context.newPage())
      await page.goto(url)
      return page
    },
    async close() {
      await context.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}
