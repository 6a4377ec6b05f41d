/**
 * The Worker of `npm run dev`: the service, and a page of its mails at /__dev/mail. A deployment
 * builds src/index.ts and has neither this file nor the page.
 */
import service from '../../../src/index'
import type { Transport } from '../../../src/mail/transport'
import { isLoopback } from '../../../src/security/loopback'

/** `DEV_OUTBOX` is where scripts/dev/outbox/server.mjs listens: an address with a secret path. */
type DevEnv = Env & { DEV_OUTBOX: string }

const PAGE = '/__dev/mail'
/** A tunnel that rewrites `Host` to localhost adds one of these. */
const FORWARDED = ['Forwarded', 'X-Forwarded-For', 'X-Forwarded-Host']

/** Mailed links are secrets: a tunnel or a rebound DNS name must not show them. */
function isOutbox(url: URL, headers: Headers): boolean {
  const isPage = url.pathname === PAGE || url.pathname.startsWith(`${PAGE}/`)
  return isPage && isLoopback(url) && !FORWARDED.some((name) => headers.has(name))
}

/** Bindings with the outbox, by the original ones: the service checks settings once per object. */
const recorded = new WeakMap<DevEnv, Env>()

function recording(env: DevEnv): Env {
  const made = recorded.get(env) ?? withOutbox(env)
  recorded.set(env, made)
  return made
}

/** Also sends each mail to the outbox. A failure there is logged and loses no mail. */
function withOutbox(env: DevEnv): Env {
  const send = async (message: Parameters<Transport['send']>[0]) => {
    await fetch(env.DEV_OUTBOX, { method: 'POST', body: JSON.stringify(message) }).catch((error) =>
      console.error(`The outbox did not take a mail: ${error}`),
    )
    return env.MAIL.send(message)
  }
  // The service uses no other form of the binding's method than this one.
  return { ...env, MAIL: { send } as SendEmail }
}

export default {
  fetch(request, env, ctx) {
    const url = new URL(request.url)
    if (isOutbox(url, request.headers))
      return fetch(env.DEV_OUTBOX + url.pathname.slice(PAGE.length))
    return service.fetch(request, recording(env), ctx)
  },
  scheduled: (controller, env) => service.scheduled(controller, env),
} satisfies ExportedHandler<DevEnv>
