export const postRoutes = [] as const
