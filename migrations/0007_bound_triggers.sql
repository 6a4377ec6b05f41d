-- Bounds on rows that an account can create without end: its newest 20 000 events and 10 000
-- idempotency keys are kept (src/retention.ts). Finding the oldest reads all of them (0.5 to 20 ms),
-- so one insert in 64 does it, chosen at random. It deletes at most 1 000 rows, so that an account
-- from before this migration shrinks in steps. Rows written by a trigger do not count for changes().
CREATE TRIGGER `events_bound` AFTER INSERT ON `events` WHEN random() % 64 = 0 BEGIN
	DELETE FROM `events` WHERE `id` IN (
		SELECT `id` FROM `events` WHERE `user_id` = new.`user_id` ORDER BY `id` DESC LIMIT 1000 OFFSET 20000
	);
END;
--> statement-breakpoint
CREATE TRIGGER `idempotency_keys_bound` AFTER INSERT ON `idempotency_keys` WHEN random() % 64 = 0 BEGIN
	DELETE FROM `idempotency_keys` WHERE rowid IN (
		SELECT rowid FROM `idempotency_keys` WHERE `user_id` = new.`user_id` ORDER BY rowid DESC LIMIT 1000 OFFSET 10000
	);
END;
