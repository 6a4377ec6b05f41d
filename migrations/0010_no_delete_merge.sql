-- FTS5 would merge segments while posts are deleted, once 10 % of their rows are (`deletemerge`). That
-- took 0.75 s for one step of the deletion of an account with 20 000 posts, and 26 times the time of
-- all steps. The purge of the cron merges them in bounded steps (src/posts/search-index.ts).
INSERT INTO `posts_words` (`posts_words`, `rank`) VALUES ('deletemerge', 0);
