/** The Worker: requests go to the app; once an hour, what has expired is deleted. */
import { app } from './app'
import { deleteExpired } from './scheduled'
import { logLine } from './security/log-line'

export default {
  fetch: app.fetch,
  async scheduled(controller, env) {
    const deleted = await deleteExpired(env.DB, new Date(controller.scheduledTime))
    console.log(logLine({ event: 'expired_deleted', ...deleted }))
  },
} satisfies ExportedHandler<Env>
