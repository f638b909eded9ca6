/*
 * topic_groups: topic.creation.*: how a new topic is made.
 */
#ifndef PENSTOCK_TASK_TOPIC_GROUPS_H
#define PENSTOCK_TASK_TOPIC_GROUPS_H

#include <penstock/config.h>

#include "kafka/admin.h"

struct topic_groups;

/* NULL without error when the configuration has no topic.creation.*; memory
 * from `a`, but free it. */
int topic_groups_new(struct ps_arena *a, const struct ps_config *c,
    struct topic_groups **out, struct ps_error *err);
void topic_groups_free(struct topic_groups **gp);
/* The first group in listed order that includes and does not exclude the
 * name, else the default group. Memory from `a`. */
struct admin_new_topic topic_groups_match(const struct topic_groups *g,
    struct ps_arena *a, const char *topic);

#endif
