-- Full-text search over the posts (FTS5, https://www.sqlite.org/fts5.html#external_content_tables). The index holds no text of its own; the
-- triggers keep it in step, also when the posts of a deleted account go by cascade. `author_id` is indexed as a word, so that a search
-- within one author's posts costs no more than any other. Letters match without their diacritics. No lengths of columns are kept: they
-- serve bm25 alone, which is not used, and would be one more write for each post.
CREATE VIRTUAL TABLE `posts_search` USING fts5(
	`title`,
	`content`,
	`author_id`,
	content = 'posts',
	content_rowid = 'id',
	columnsize = 0,
	tokenize = 'unicode61 remove_diacritics 2'
);
--> statement-breakpoint
CREATE TRIGGER `posts_search_insert` AFTER INSERT ON `posts` BEGIN
	INSERT INTO `posts_search` (`rowid`, `title`, `content`, `author_id`)
		VALUES (new.`id`, new.`title`, new.`content`, new.`author_id`);
END;
--> statement-breakpoint
CREATE TRIGGER `posts_search_delete` AFTER DELETE ON `posts` BEGIN
	INSERT INTO `posts_search` (`posts_search`, `rowid`, `title`, `content`, `author_id`)
		VALUES ('delete', old.`id`, old.`title`, old.`content`, old.`author_id`);
END;
--> statement-breakpoint
CREATE TRIGGER `posts_search_update` AFTER UPDATE OF `title`, `content`, `author_id` ON `posts` BEGIN
	INSERT INTO `posts_search` (`posts_search`, `rowid`, `title`, `content`, `author_id`)
		VALUES ('delete', old.`id`, old.`title`, old.`content`, old.`author_id`);
	INSERT INTO `posts_search` (`rowid`, `title`, `content`, `author_id`)
		VALUES (new.`id`, new.`title`, new.`content`, new.`author_id`);
END;
--> statement-breakpoint
INSERT INTO `posts_search` (`posts_search`) VALUES ('rebuild');
