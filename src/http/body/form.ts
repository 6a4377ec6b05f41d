/**
 * Parses `application/x-www-form-urlencoded` strictly: invalid encodings are rejected, not
 * replaced.
 */
import type { MiddlewareHandler } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { AppEnv } from '../../context'
import { presetBody, readText } from './body'

export const FORM_TYPE = 'application/x-www-form-urlencoded'

/**
 * Passes the fields to the validator; a repeated field becomes an array. @throws HTTPException 400
 */
export const parseForm: MiddlewareHandler<AppEnv> = async (c, next) => {
  const form = new FormData()
  for (const pair of (await readText(c)).split('&')) {
    if (!pair) continue
    const equals = pair.indexOf('=')
    const name = decode(equals < 0 ? pair : pair.slice(0, equals))
    // hono would parse `x[]` as a list.
    if (!name.endsWith('[]')) form.append(name, equals < 0 ? '' : decode(pair.slice(equals + 1)))
  }
  presetBody(c, { formData: form })
  return next()
}

/** Undoes the encoding of `application/x-www-form-urlencoded`. @throws URIError */
export const decodeForm = (text: string) => decodeURIComponent(text.replaceAll('+', ' '))

function decode(text: string): string {
  try {
    return decodeForm(text)
  } catch {
    throw new HTTPException(400, {
      message: 'The form is not well-formed: a percent-encoding does not decode as UTF-8.',
    })
  }
}
