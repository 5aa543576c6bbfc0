import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isChromiumThere } from './browser.ts'
import { type Desk, openDesk } from './desk.ts'

/** Pictures to look at: where the environment says. */
const pictures = process.env['MILLRACE_PICTURES']

describe.skipIf(!isChromiumThere)('every page, in light and dark, wide and narrow', () => {
  let desk: Desk
  beforeAll(async () => void (desk = await openDesk()))
  afterAll(() => desk?.stop())

  const addresses = (): Readonly<Record<string, string>> => ({
    overview: '/',
    runs: '/runs',
    'runs-none': '/runs?status=killed',
    'run-waiting': `/runs/${desk.runs.waiting}`,
    'run-succeeded': `/runs/${desk.runs.succeeded}`,
    'run-failed': `/runs/${desk.runs.failed}`,
    lineage: `/runs/${desk.runs.waiting}/lineage/${encodeURIComponent(desk.step)}`,
    'run-unknown': '/runs/run_00000000000000000000000000000000',
    pipelines: '/pipelines',
    pipeline: '/pipelines/desk',
    intake: '/intake',
    nowhere: '/nowhere',
  })

  for (const scheme of ['light', 'dark'] as const)
    for (const width of [1280, 390])
      test(`${scheme}, ${width} pixels wide: no serious finding of axe, nothing that the policy stops, nothing cut off`, async () => {
        const browser = await desk.browse({ scheme, width })
        const found: string[] = []
        try {
          for (const [name, address] of Object.entries(addresses())) {
            const page = await browser.open(desk.server.url + address)
            await settled(page)
            await picture(page, `${name}-${scheme}-${width}`)
            found.push(...(await findings(page)).map((one) => `${name}: ${one}`))
            const wider = await overflow(page)
            if (wider > 0) found.push(`${name} is ${wider} pixels wider than its window`)
            found.push(...browser.troubles.splice(0).map((one) => `${name}: ${one}`))
          }
          expect(found).toEqual([])
        } finally {
          await browser.close()
        }
      })
})

/** The page has its heading, and nothing of it is still loading. */
export async function settled(page: Page): Promise<void> {
  await page.waitForSelector('h1', { timeout: 8000 })
  await page.waitForSelector('.mantine-Skeleton-root', { state: 'detached' })
  await page.waitForLoadState('load')
}

async function findings(page: Page): Promise<readonly string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze()
  return violations
    .filter(({ impact }) => impact === 'critical' || impact === 'serious')
    .map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.html} ${node.failureSummary ?? ''}`).join('\n')}`)
}

/** How far the page is wider than its window. */
const overflow = (page: Page): Promise<number> =>
  page.evaluate(`document.documentElement.scrollWidth - document.documentElement.clientWidth`)

async function picture(page: Page, name: string): Promise<void> {
  if (pictures === undefined) return
  mkdirSync(pictures, { recursive: true })
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true })
}
