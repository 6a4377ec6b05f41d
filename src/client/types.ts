/** What travels, for pages that show it: types only. */
export type { Post } from '../posts/schemas'
export type { UserPrivate, UserPublic } from '../user'
