/*
 * configs_impl: what the replayed config topic is made of; private to
 * configs*.c.
 */
#ifndef PENSTOCK_STORE_CONFIGS_IMPL_H
#define PENSTOCK_STORE_CONFIGS_IMPL_H

#include "store/configs.h"

/* A configuration in memory of its own. */
struct held {
	struct ps_arena *a; /* NULL: none */
	struct ps_config config;
};

struct held_task {
	int id;
	struct held held;
};

struct task_list {
	struct held_task *items; /* by id */
	size_t count;
};

/* All that is known under a connector's name, also without a connector:
 * targets, task configs and counts come and stay on their own. */
struct known {
	struct configs_connector pub; /* first: pointers are the same */
	char *name;
	bool exists; /* its connector- record stands */
	bool has_target;
	struct held config, applied;
	struct task_list buffered, tasks;
	struct ps_config *listed; /* what pub.tasks points to */
};

struct configs {
	configs_fn *fn;
	void *ctx;
	struct known **items; /* by name */
	size_t count;
	const struct configs_connector **visible; /* those that exist */
	size_t visible_count;
	int64_t offset;
	struct ps_arena *key_arena; /* of the session key */
	struct configs_session_key session;
};

/* Puts one in the place of what was there. */
void held_set(struct held *h, const struct ps_config *config);
void held_clear(struct held *h);
void task_list_put(struct task_list *l, int id, struct held *taken);
void task_list_clear(struct task_list *l);
const struct held_task *task_list_find(const struct task_list *l, int id);

struct known *configs_known(const struct configs *c, const char *name);
struct known *configs_make_known(struct configs *c, const char *name);
/* Its configuration, tasks and counts, not its target. */
void configs_remove(struct configs *c, struct known *k);
/* Forgets the name, unless something is known under it. */
void configs_drop(struct configs *c, struct known *k);
void configs_list(struct configs *c);
/* Task configs 0..count-1 are what is committed. */
void configs_list_tasks(struct known *k);

#endif
