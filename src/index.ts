/** The Worker: requests go to the app; once an hour, what has expired is deleted. */
import { app } from './app'
import { deleteExpired } from './scheduled'

export default {
  fetch: app.fetch,
  async scheduled(controller, env) {
    const deleted = await deleteExpired(env.DB, new Date(controller.scheduledTime))
    console.log(JSON.stringify({ event: 'expired_deleted', ...deleted }))
  },
} satisfies ExportedHandler<Env>
