import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isChromiumThere } from './browser.ts'
import { type Desk, openDesk } from './desk.ts'
import { settled, wrongWith } from './looked-at.ts'

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
            found.push(...(await wrongWith(page, `${name}-${scheme}-${width}`)))
            found.push(...browser.troubles.splice(0).map((one) => `${name}: ${one}`))
          }
          expect(found).toEqual([])
        } finally {
          await browser.close()
        }
      }, 240_000)
})
