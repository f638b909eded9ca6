/*
 * client: one HTTP request to a worker.
 */
#ifndef PENSTOCK_CLI_CLIENT_H
#define PENSTOCK_CLI_CLIENT_H

#include <jansson.h>

#include <penstock/arena.h>

struct client_answer {
	long status;
	json_t *json; /* NULL: no body */
};

/* PENSTOCK_URL says where, PENSTOCK_USER and PENSTOCK_PASSWORD or
 * PENSTOCK_TOKEN who asks, PENSTOCK_CA whose certificates are trusted,
 * PENSTOCK_CERT and PENSTOCK_KEY which is shown.
 * `path` begins with a slash; `body` NULL: none. An answer of 400 and above
 * is an error with the worker's message; its status stands in `out`. */
int client_call(struct ps_arena *a, const char *method, const char *path,
    const json_t *body, struct client_answer *out, struct ps_error *err);

#endif
