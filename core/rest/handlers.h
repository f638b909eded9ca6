/*
 * handlers: the functions of the route table, by file.
 */
#ifndef PENSTOCK_REST_HANDLERS_H
#define PENSTOCK_REST_HANDLERS_H

#include "http/exchange.h"

/* status.c */
void rest_status(struct exchange *x);

/* list.c */
void rest_list(struct exchange *x);

/* connectors.c */
void rest_create(struct exchange *x);
void rest_info(struct exchange *x);
void rest_config(struct exchange *x);
void rest_replace(struct exchange *x);
void rest_patch(struct exchange *x);
void rest_delete(struct exchange *x);
void rest_restart(struct exchange *x);
void rest_pause(struct exchange *x);
void rest_resume(struct exchange *x);
void rest_stop(struct exchange *x);
void rest_topics(struct exchange *x);
void rest_reset_topics(struct exchange *x);

/* revisions.c */
void rest_revisions(struct exchange *x);
void rest_rollback(struct exchange *x);

/* templates.c */
void rest_templates(struct exchange *x);
void rest_template(struct exchange *x);
void rest_template_versions(struct exchange *x);
void rest_put_template(struct exchange *x);
void rest_delete_template(struct exchange *x);

/* upgrades.c */
void rest_upgrade(struct exchange *x);
void rest_begin_upgrade(struct exchange *x);
void rest_stop_upgrade(struct exchange *x);
void rest_roll_back(struct exchange *x);

/* pipelines.c */
void rest_pipelines(struct exchange *x);
void rest_pipeline(struct exchange *x);
void rest_pipeline_status(struct exchange *x);
void rest_put_pipeline(struct exchange *x);
void rest_delete_pipeline(struct exchange *x);
void rest_plan(struct exchange *x);

/* bulk.c */
void rest_label(struct exchange *x);
void rest_restart_labelled(struct exchange *x);
void rest_pause_labelled(struct exchange *x);
void rest_resume_labelled(struct exchange *x);
void rest_stop_labelled(struct exchange *x);

/* tasks.c */
void rest_tasks(struct exchange *x);
void rest_task_status(struct exchange *x);
void rest_logs(struct exchange *x);
void rest_restart_task(struct exchange *x);

/* offsets.c */
void rest_offsets(struct exchange *x);
void rest_alter_offsets(struct exchange *x);
void rest_reset_offsets(struct exchange *x);
void rest_seek(struct exchange *x);

/* plugins.c */
void rest_plugins(struct exchange *x);
void rest_plugin_config(struct exchange *x);
void rest_validate(struct exchange *x);

/* look.c */
void rest_preview(struct exchange *x);
void rest_dead_letters(struct exchange *x);
void rest_replay(struct exchange *x);

/* health.c */
void rest_root(struct exchange *x);
void rest_health(struct exchange *x);
void rest_metrics(struct exchange *x);

/* connect_metrics.c: what Kafka Connect's worker counts. */
void rest_connect_metrics(struct exchange *x, struct buf *b);
/* The version of Kafka Connect that is spoken. */
#define REST_VERSION "4.1.0"
#define REST_COMMIT  "penstock"

/* internal.c */
void rest_put_tasks(struct exchange *x);
void rest_fence(struct exchange *x);

/* cluster_metrics.c */
void rest_cluster_metrics(struct exchange *x, struct buf *b);

/* cluster.c */
void rest_cluster(struct exchange *x);
void rest_drain(struct exchange *x);

/* loggers.c */
void rest_loggers(struct exchange *x);
void rest_logger(struct exchange *x);
void rest_set_logger(struct exchange *x);

#endif
