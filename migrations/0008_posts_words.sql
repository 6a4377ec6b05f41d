CREATE TABLE `search_index` (
	`id` integer PRIMARY KEY NOT NULL,
	`unindexed_below` integer,
	`completed_at` integer,
	`keeps_previous` integer DEFAULT true NOT NULL,
	`has_deleted_words` integer DEFAULT false NOT NULL,
	`purge_began_at` integer,
	`is_purging` integer DEFAULT false NOT NULL
);
--> statement-breakpoint
ALTER TABLE `posts` ADD `visibility` text DEFAULT 'public' NOT NULL;--> statement-breakpoint
CREATE INDEX `posts_public` ON `posts` (`id`) WHERE visibility = 'public';--> statement-breakpoint
CREATE INDEX `posts_public_author` ON `posts` (`author_id`,`id`) WHERE visibility = 'public';
--> statement-breakpoint
-- The full-text index of public posts (FTS5). See docs/decisions/search-index.md.
-- `detail = column` stores no positions, so no search can make D1 walk them.
-- `contentless_delete` removes a post without reading its text again.
-- `author_id` is indexed as a word: a search of one author's posts costs no more than any other.
-- Marks (Mn, Mc) are part of words, as the scripts of India and South-East Asia need it.
-- The separators are U+FE0E and U+FE0F, the variation selectors of emoji.
CREATE VIRTUAL TABLE `posts_words` USING fts5(
	`title`,
	`content`,
	`author_id`,
	content = '',
	contentless_delete = 1,
	detail = column,
	tokenize = "unicode61 remove_diacritics 2 categories 'L* N* Co Mn Mc' separators '︎️'"
);
--> statement-breakpoint
-- Without posts the index is complete.
INSERT INTO `search_index` (`id`, `unindexed_below`, `completed_at`)
	SELECT 1, max(`id`) + 1, iif(max(`id`) IS NULL, unixepoch() * 1000, NULL) FROM `posts`;
--> statement-breakpoint
CREATE TRIGGER `posts_words_insert` AFTER INSERT ON `posts` WHEN new.`visibility` = 'public' BEGIN
	INSERT INTO `posts_words` (`rowid`, `title`, `content`, `author_id`)
		VALUES (new.`id`, new.`title`, new.`content`, new.`author_id`);
END;
--> statement-breakpoint
CREATE TRIGGER `posts_words_delete` AFTER DELETE ON `posts` BEGIN
	DELETE FROM `posts_words` WHERE `rowid` = old.`id`;
	UPDATE `search_index` SET `has_deleted_words` = 1 WHERE NOT `has_deleted_words`;
END;
--> statement-breakpoint
CREATE TRIGGER `posts_words_update` AFTER UPDATE OF `title`, `content`, `author_id`, `visibility` ON `posts` BEGIN
	DELETE FROM `posts_words` WHERE `rowid` = old.`id`;
	INSERT INTO `posts_words` (`rowid`, `title`, `content`, `author_id`)
		SELECT new.`id`, new.`title`, new.`content`, new.`author_id` WHERE new.`visibility` = 'public';
	UPDATE `search_index` SET `has_deleted_words` = 1 WHERE NOT `has_deleted_words`;
END;
