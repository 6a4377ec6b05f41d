ALTER TABLE `identities` ADD `id` text;--> statement-breakpoint
UPDATE `identities` SET `id` = lower(hex(randomblob(11)));--> statement-breakpoint
CREATE UNIQUE INDEX `identities_id` ON `identities` (`id`);
