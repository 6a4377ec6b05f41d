CREATE TABLE `sweeps` (
	`name` text PRIMARY KEY NOT NULL,
	`started_at` integer NOT NULL,
	`cursor` text
);
--> statement-breakpoint
DROP INDEX `attempts_age`;--> statement-breakpoint
DROP INDEX `attempts_user`;--> statement-breakpoint
CREATE INDEX `attempts_user_age` ON `attempts` (`user_id`,`last_at`);--> statement-breakpoint
ALTER TABLE `users` ADD `deleted_at` integer;--> statement-breakpoint
CREATE INDEX `users_deleted` ON `users` (`deleted_at`) WHERE deleted_at is not null;--> statement-breakpoint
CREATE INDEX `users_avatar` ON `users` (`avatar_key`) WHERE avatar_key is not null;