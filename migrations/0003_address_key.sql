ALTER TABLE `email_tokens` ADD `address_key` text;--> statement-breakpoint
ALTER TABLE `users` ADD `address_key` text;