CREATE TABLE `sign_in_links` (
	`user_id` integer PRIMARY KEY NOT NULL,
	`token_hash` text NOT NULL,
	`browser_hash` text NOT NULL,
	`code` text NOT NULL,
	`wrong_codes` integer DEFAULT 0 NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `users`(`id`) ON UPDATE no action ON DELETE cascade
);
--> statement-breakpoint
CREATE UNIQUE INDEX `sign_in_links_hash` ON `sign_in_links` (`token_hash`);--> statement-breakpoint
CREATE INDEX `sign_in_links_expiry` ON `sign_in_links` (`expires_at`);
--> statement-breakpoint
-- A link ends with what it was requested for: the password, the address, the enabled account. A trigger
-- holds this for every statement, also of later releases and of the previous one. Rows that it deletes
-- do not count for changes().
CREATE TRIGGER `sign_in_links_void` AFTER UPDATE OF `password_hash`, `email_key`, `is_active` ON `users`
WHEN new.`password_hash` <> old.`password_hash` OR new.`email_key` <> old.`email_key` OR new.`is_active` <> old.`is_active` BEGIN
	DELETE FROM `sign_in_links` WHERE `user_id` = new.`id`;
END;
