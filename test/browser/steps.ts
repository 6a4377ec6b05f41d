/** The acts of a user on the pages, by the labels that they see. */
import type { Page } from 'playwright-core'
import { PASSWORD } from './people.ts'

export const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true })
export const field = (page: Page, label: string) => page.getByLabel(label, { exact: true })
export const heading = (page: Page, name: string) =>
  page.getByRole('heading', { name, exact: true })
/** The menu of who is signed in. */
export const menu = (page: Page) => page.locator('header summary')

export async function signIn(page: Page, login: string, password = PASSWORD) {
  await page.goto('/sign-in')
  await field(page, 'Email or username').fill(login)
  await field(page, 'Password').fill(password)
  await button(page, 'Sign in').click()
}

/** Signs in where the password is enough, and waits for the start page. */
export async function signInWithPassword(page: Page, login: string, password = PASSWORD) {
  await signIn(page, login, password)
  await page.waitForURL('/')
}

export async function signOut(page: Page) {
  await menu(page).click()
  await button(page, 'Sign out').click()
  await page.getByRole('link', { name: 'Sign in' }).waitFor()
}

/** The recovery codes that the page shows once. */
export async function takeCodes(page: Page): Promise<string[]> {
  const text = await page.locator('pre.codes').innerText()
  await button(page, 'I saved them').click()
  return text.split('\n')
}

/** The news at the foot of the page. */
export const told = (page: Page, text: string | RegExp) =>
  page.getByRole('status').getByText(text, { exact: true }).first().waitFor()
