/*
 * key: how a row of the key tables is written, and the rows that the source
 * and the sink both begin with.
 */
#ifndef PENSTOCK_POSTGRES_KEY_H
#define PENSTOCK_POSTGRES_KEY_H

#include <penstock/config.h>

#define KEY(n, t, d, imp, fl, text, ...)                               \
	{                                                              \
		.name = (n), .type = PS_KEY_##t, .default_value = (d), \
		.importance = PS_##imp, .flags = (fl), .doc = (text),  \
		.width = PS_W_MEDIUM, __VA_ARGS__                      \
	}
#define CHOICES(...)                     \
	.choices = (const char *const[]) \
	{                                \
		__VA_ARGS__, NULL        \
	}

/* `in` is their group, `attempts` what becomes of connection.attempts. */
#define CONNECTION_KEYS(in, attempts)                                         \
	KEY("connection.url", STRING, NULL, HIGH,                             \
	    PS_RENEWABLE | PS_REQUIRED | PS_NOT_EMPTY,                        \
	    "jdbc:postgresql://host:port/database or a postgresql:// URI.",   \
	    in),                                                              \
	    KEY("connection.user", STRING, NULL, HIGH, PS_RENEWABLE,          \
		"The role to log in as.", in),                                \
	    KEY("connection.password", PASSWORD, NULL, HIGH, PS_RENEWABLE,    \
		"Its password.", in),                                         \
	    KEY("connection.attempts", INT, "3", LOW, PS_HAS_MIN, attempts,   \
		in, .min = 1),                                                \
	    KEY("connection.backoff.ms", LONG, "10000", LOW, 0,               \
		"Accepted; the pause between attempts grows by itself.", in), \
	    KEY("dialect.name", STRING, "", LOW, 0,                           \
		"Empty or PostgreSqlDatabaseDialect.", in,                    \
		CHOICES("", "PostgreSqlDatabaseDialect"))

#endif
