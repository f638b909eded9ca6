/*
 * conninfo: connection.url as parameters for libpq.
 *
 * Takes jdbc:postgresql:… and postgresql:…; parameters of the JDBC driver
 * become libpq's, those without effect here are passed over, others refused.
 * No error text contains a password.
 */
#ifndef PENSTOCK_POSTGRES_CONNINFO_H
#define PENSTOCK_POSTGRES_CONNINFO_H

#include <penstock/arena.h>

#define CONNINFO_MAX 40u

struct conninfo {
	const char *keys[CONNINFO_MAX + 1];
	const char *values[CONNINFO_MAX + 1];
	size_t count;
};

/* `user` and `password` win over the URL's when not empty. */
int conninfo_parse(struct ps_arena *a, const char *url, const char *user,
    const char *password, struct conninfo *out, struct ps_error *err);
/* NULL when it is not there. */
const char *conninfo_get(const struct conninfo *c, const char *key);
/* Sets or replaces. */
int conninfo_set(struct conninfo *c, const char *key, const char *value,
    struct ps_error *err);

#endif
