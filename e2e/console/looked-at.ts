import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'

/** Pictures to look at: where the environment says. */
const pictures = process.env['MILLRACE_PICTURES']

/** The page has its heading, and nothing of it is still loading. */
export async function settled(page: Page): Promise<void> {
  await page.waitForSelector('h1', { timeout: 8000 })
  await page.waitForSelector('.mantine-Skeleton-root', { state: 'detached' })
  await page.waitForLoadState('load')
}

/** What is wrong with a page for whoever sees, hears or uses it in another way, each with its place. Keeps a picture of it. */
export async function wrongWith(page: Page, name: string): Promise<readonly string[]> {
  if (pictures !== undefined) {
    mkdirSync(pictures, { recursive: true })
    await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true })
  }
  const { violations } = await new AxeBuilder({ page }).analyze()
  const found = violations
    .filter(({ impact }) => impact === 'critical' || impact === 'serious')
    .map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.html} ${node.failureSummary ?? ''}`).join('\n')}`)
  const wider: number = await page.evaluate(
    `document.documentElement.scrollWidth - document.documentElement.clientWidth`,
  )
  if (wider > 0) found.push(`it is ${wider} pixels wider than its window`)
  return found.map((one) => `${name}: ${one}`)
}
