-- One row of failures per kind and account (`address`, `name`, `confirm`, `factor`). An account that
-- changes its username or address carries its failures over to a new row, and the former one no longer
-- counts for anything; an owner could create any number of them.
CREATE TRIGGER `attempts_bound` AFTER INSERT ON `attempts` WHEN new.`user_id` IS NOT NULL BEGIN
	DELETE FROM `attempts` WHERE `user_id` = new.`user_id` AND `key` <> new.`key`
		AND substr(`key`, 1, instr(`key`, ':')) = substr(new.`key`, 1, instr(new.`key`, ':'));
END;
