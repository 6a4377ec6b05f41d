ALTER TABLE `attempts` ADD `user_id` integer REFERENCES users(id) ON DELETE cascade;--> statement-breakpoint
CREATE INDEX `attempts_user` ON `attempts` (`user_id`);