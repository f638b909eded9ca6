/*
 * upgrader: the leader takes the steps that upgrades want.
 *
 * One at a time, of one template at a time. What it knows beside the log is
 * only for how long the pipeline at hand has been well; another leader
 * counts that anew.
 */
#ifndef PENSTOCK_WORKER_UPGRADER_H
#define PENSTOCK_WORKER_UPGRADER_H

struct upgrader;
struct worker;

struct upgrader *upgrader_new(struct worker *w);
void upgrader_free(struct upgrader **up);
/* An upgrade was read, or this worker leads. */
void upgrader_look(struct upgrader *u);

#endif
