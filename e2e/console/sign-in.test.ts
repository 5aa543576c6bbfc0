import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isChromiumThere, openBrowser } from './browser.ts'
import { type Desk, openDesk, password } from './desk.ts'
import { wrongWith } from './looked-at.ts'

describe.skipIf(!isChromiumThere)('who is not signed in', () => {
  let desk: Desk
  beforeAll(async () => void (desk = await openDesk()))
  afterAll(() => desk?.stop())

  test('a one-time link sets a password and is gone from address and history; then the password leads where one wanted to go', async () => {
    const browser = await openBrowser({})
    try {
      const link = await desk.invite('Rita', 'rita@example.com')
      const page = await browser.open(link)
      await page.getByRole('heading', { name: 'Choose a password' }).waitFor()
      expect(page.url()).toBe(`${desk.server.url}/code`)
      expect(await wrongWith(page, 'code')).toEqual([])
      await page.getByRole('textbox', { name: 'Password', exact: true }).fill(password)
      await page.getByRole('textbox', { name: 'Once more' }).fill(password)
      await page.getByRole('button', { name: 'Go on' }).click()
      await page.getByRole('heading', { name: 'Today' }).waitFor()
      expect(
        await page.evaluate(
          `performance.getEntriesByType('resource').filter((one) => one.name.includes('code=')).length`,
        ),
      ).toBe(0)

      await page.getByRole('button', { name: 'Sign out' }).click()
      await page.getByRole('heading', { name: 'Sign in' }).waitFor()
      await page.goto(`${desk.server.url}/runs?status=waiting`)
      await page.getByRole('textbox', { name: 'Email' }).fill('rita@example.com')
      await page.getByRole('textbox', { name: 'Password' }).fill('not the password')
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.getByRole('alert').waitFor()
      expect(await wrongWith(page, 'sign-in')).toEqual([])
      await page.getByRole('textbox', { name: 'Password' }).fill(password)
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.getByRole('heading', { name: 'Runs' }).waitFor()
      expect(page.url()).toBe(`${desk.server.url}/runs?status=waiting`)
      expect(browser.troubles).toEqual([])
    } finally {
      await browser.close()
    }
  }, 120_000)

  test('keys lead about, cancel asks first, and a run that was cancelled says so', async () => {
    const browser = await desk.browse()
    try {
      const page = await browser.open(desk.server.url)
      await page.getByRole('heading', { name: 'Today' }).waitFor()
      await page.keyboard.press('g')
      await page.keyboard.press('r')
      await page.getByRole('heading', { name: 'Runs' }).waitFor()
      await page.keyboard.press('?')
      await page.getByRole('dialog').getByText('Go to Pipelines').waitFor()
      expect(await wrongWith(page, 'help')).toEqual([])
      await page.keyboard.press('Escape')
      await page.keyboard.press('Control+k')
      await page.getByRole('combobox').fill(desk.runs.held)
      expect(await wrongWith(page, 'palette')).toEqual([])
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: 'desk: waiting' }).waitFor()
      await page.getByRole('button', { name: 'Cancel the run' }).click()
      await page.getByRole('group', { name: 'Cancel the run' }).getByRole('button', { name: 'Cancel the run' }).click()
      await page.getByRole('heading', { name: 'desk: cancelled' }).waitFor()
      expect(browser.troubles).toEqual([])
    } finally {
      await browser.close()
    }
  }, 120_000)
})
