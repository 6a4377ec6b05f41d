/** The Worker: requests go to the app, cron events to `runScheduled`. */
import { app } from './app'
import { runScheduled } from './scheduled'
import { logLine } from './security/log-line'

export default {
  fetch: app.fetch,
  async scheduled(controller, env) {
    const report = await runScheduled(env, new Date(controller.scheduledTime))
    console.log(logLine({ event: 'scheduled', ...report }))
  },
} satisfies ExportedHandler<Env>
