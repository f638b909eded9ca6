/*
 * users: who may do what, as a file says.
 *
 * {"users": [{"name", "role", "password" | "token", "labels"}, ...]}. A
 * password is a hash of crypt(5) (`mkpasswd -m yescrypt`), a token the SHA-256
 * of what the client sends, in hexadecimal digits. Hashing a password takes
 * long on purpose, so what was once found right is remembered, under a key of
 * this process, and only so many are tried in a second.
 */
#ifndef PENSTOCK_ACCESS_USERS_H
#define PENSTOCK_ACCESS_USERS_H

#include <stdbool.h>
#include <stddef.h>

#include <penstock/error.h>

#include "base/clock.h"

/* Each may do what those before it may. */
enum role {
	ROLE_NOBODY,   /* without a name */
	ROLE_VIEWER,   /* states, lists, metrics */
	ROLE_OPERATOR, /* and configurations, offsets, restart, pause, stop */
	ROLE_EDITOR,   /* and create, change, delete */
	ROLE_ADMIN,    /* and the worker itself */
};

const char *role_name(enum role r);
/* -1: no such role. */
int role_parse(const char *name, enum role *out);

/* Who asks. With labels, only connectors that have one of them. */
struct principal {
	const char *name;
	enum role role;
	const char *const *labels; /* NULL ends them; NULL: all connectors */
};

struct users;

/* PS_E_CONFIG names the entry and what is wrong with it. */
struct users *users_parse(const char *text, size_t len, const char *what,
    struct ps_error *err);
void users_free(struct users **up);

struct users_try {
	const char *name, *password;
	const char *from; /* the client's address */
	struct clock_ms now;
};

enum users_found { USERS_YES, USERS_NO, USERS_BUSY };
/* USERS_BUSY: too many were tried from there, ask again in a second. */
enum users_found users_password(struct users *u, const struct users_try *t,
    const struct principal **out);
/* NULL: nobody's. */
const struct principal *users_token(const struct users *u, const char *token);

#endif
