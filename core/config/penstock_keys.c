#include "config/common.h"

#include "config/rows.h"

#define PENSTOCK "Penstock"

static const char *const level_choices[] = { "DEBUG", "INFO", "WARN", "ERROR",
	NULL };

static const struct ps_key penstock_keys[] = {
	{ KEY("errors.restart.enable", BOOLEAN, "true", MEDIUM,
	      "Whether a failed connector or task is started again by itself, "
	      "unless its configuration is wrong."),
	    PLACE(PENSTOCK, 1, SHORT, "Restart after failure") },
	{ KEY("errors.restart.delay.initial.ms", LONG, "1000", LOW,
	      "Pause before the first restart, in milliseconds; it doubles "
	      "with each failure."),
	    AT_LEAST(1), PLACE(PENSTOCK, 2, SHORT, "First restart delay") },
	{ KEY("errors.restart.delay.max.ms", LONG, "60000", LOW,
	      "Longest pause before a restart, in milliseconds. After an "
	      "outage it is no longer than 5 seconds."),
	    AT_LEAST(1), PLACE(PENSTOCK, 3, SHORT, "Longest restart delay") },
	{ KEY("errors.restart.max", INT, "-1", LOW,
	      "Restarts in a row after which the task stays failed; -1 is no "
	      "limit."),
	    AT_LEAST(-1), PLACE(PENSTOCK, 4, SHORT, "Restarts in a row") },
	{ KEY("stall.timeout.ms", LONG, "60000", LOW,
	      "A call into the plugin that lasts longer is shown as STALLED, "
	      "and so is a sink with a partition that none of its tasks reads. "
	      "A source with nothing to read may wait for a second in a "
	      "call: with less than that it is shown as STALLED now and then "
	      "though nothing is wrong."),
	    AT_LEAST(1), PLACE(PENSTOCK, 5, SHORT, "Stall timeout") },
	{ KEY("task.hang.timeout.ms", LONG, "600000", LOW,
	      "A call into the plugin that lasts longer ends the task, which "
	      "is then started again."),
	    AT_LEAST(1), PLACE(PENSTOCK, 6, SHORT, "Hang timeout") },
	{ KEY("task.memory.bytes", LONG, "268435456", MEDIUM,
	      "Memory a task's process may use; 0 is no limit."),
	    AT_LEAST(0), PLACE(PENSTOCK, 7, SHORT, "Memory limit") },
	{ KEY("task.open.files", INT, "1024", LOW,
	      "Files and sockets a task's process may have open."),
	    AT_LEAST(64), PLACE(PENSTOCK, 8, SHORT, "Open files limit") },
	{ KEY("task.cpu.weight", INT, "100", LOW,
	      "Share of the processors against other tasks when they are "
	      "short, by the nice values of its process and of its session "
	      "(where the kernel has autogroup), where more than 100 needs the "
	      "right to raise priorities, and of its control group where the "
	      "worker has a task.cgroup."),
	    .flags = PS_HAS_MIN | PS_HAS_MAX, .min = 1, .max = 10000,
	    PLACE(PENSTOCK, 9, SHORT, "CPU weight") },
	{ KEY("task.buffer.bytes", LONG, "33554432", MEDIUM,
	      "Bytes of records a task may hold; when they are spent the "
	      "source is not read."),
	    AT_LEAST(65536), PLACE(PENSTOCK, 10, SHORT, "Buffer budget") },
	{ KEY("batch.bytes", LONG, "1048576", LOW,
	      "About how many bytes a source puts into one batch. A sink gets "
	      "as many in one when this is set, else 4 MB."),
	    AT_LEAST(1024), PLACE(PENSTOCK, 11, SHORT, "Batch size") },
	{ KEY("schemas.cache.size", INT, "1000", LOW,
	      "Schemas a task keeps for good; more are kept with their "
	      "batch only."),
	    AT_LEAST(1), PLACE(PENSTOCK, 12, SHORT, "Schema cache") },
	{ KEY("config.reload.interval.ms", LONG, "30000", LOW,
	      "How often a task looks whether config providers answer anew; "
	      "config.action.reload says whether it uses that."),
	    AT_LEAST(100), PLACE(PENSTOCK, 13, SHORT, "Reload interval") },
	{ KEY("penstock.placement", LIST, "", LOW,
	      "Which workers may run the connector: label=value or "
	      "label!=value of their worker.labels; all of it must hold."),
	    .flags = PS_UNIQUE, PLACE(PENSTOCK, 14, MEDIUM, "Placement") },
	{ KEY("penstock.labels", LIST, "", LOW,
	      "Labels of the connector. Users who have labels have rights to "
	      "connectors with one of them."),
	    .flags = PS_UNIQUE, PLACE(PENSTOCK, 15, MEDIUM, "Labels") },
	{ KEY("penstock.pipeline", STRING, "", LOW,
	      "The pipeline that the connector belongs to; set by PUT "
	      "/pipelines/{name}."),
	    PLACE(PENSTOCK, 16, MEDIUM, "Pipeline") },
};

static const char *const fence_choices[] = { "all", "writes", "none",
	"required", NULL };

static const struct ps_key worker_keys[] = {
	{ KEY("task.liveness.timeout.ms", LONG, "10000", LOW,
	      "A task's process that gives no sign of life for longer is "
	      "killed and started again."),
	    AT_LEAST(1000), NO_PLACE },
	{ KEY("task.jail", BOOLEAN, "true", LOW,
	      "Whether plugins are kept from system calls that no connector "
	      "needs: other programs, processes, tracing, mounting."),
	    NO_PLACE },
	{ KEY("task.jail.files", STRING, "all", LOW,
	      "Which files are kept from a plugin that neither its "
	      "configuration "
	      "nor the system's libraries name: all, writes (it may read "
	      "anything) or none. With task.jail, and where the kernel has "
	      "Landlock; required is all, and no start where it has not."),
	    .flags = PS_ANY_CASE, .choices = fence_choices, NO_PLACE },
	{ KEY("task.jail.paths", LIST, "", LOW,
	      "Files and folders beside those that every task may read and "
	      "write."),
	    NO_PLACE },
	{ KEY("connector.allowed.paths", LIST, "", MEDIUM,
	      "Folders that files named in connectors' configurations have to "
	      "be in, also when a config provider gives the name, and which "
	      "no link leads out of. Empty: anywhere."),
	    .flags = PS_UNIQUE, NO_PLACE },
	{ KEY("task.cgroup", STRING, "", LOW,
	      "Folder of cgroup v2, or of v1's cpu controller, that the worker "
	      "may make groups in: each task's process gets one of its own, "
	      "weighs task.cpu.weight there, and has what the others leave of "
	      "one processor while it computes for seconds without a record, "
	      "as long as that is enough to go on. Empty: none."),
	    NO_PLACE },
	{ KEY("task.starts.max", INT, "0", LOW,
	      "Processes that may be starting at once; 0 is two for each "
	      "processor."),
	    AT_LEAST(0), NO_PLACE },
	{ KEY("redelivery.delay.initial.ms", LONG, "300", LOW,
	      "Pause before a sink is given the same records again, unless it "
	      "asked for another; it doubles with each failure."),
	    AT_LEAST(1), NO_PLACE },
	{ KEY("redelivery.delay.max.ms", LONG, NULL, LOW,
	      "Longest such pause, in milliseconds: 5000, or the first where "
	      "that is more."),
	    AT_LEAST(1), NO_PLACE },
	{ KEY("rest.body.max.bytes", INT, "1048576", LOW,
	      "Largest body of a REST request; a larger one is refused."),
	    AT_LEAST(1024), NO_PLACE },
	{ KEY("rest.connections.max", INT, "1000", LOW,
	      "REST connections that may be open at once."),
	    AT_LEAST(1), NO_PLACE },
	{ KEY("quota.connectors.max", INT, "0", LOW,
	      "Connectors that the cluster may have; one more is refused. 0 "
	      "is no limit. What the leader's file says holds."),
	    AT_LEAST(0), NO_PLACE },
	{ KEY("quota.tasks.max", INT, "0", LOW,
	      "Tasks that the cluster's connectors may have together, each as "
	      "many as its tasks.max says; more are refused. 0 is no limit."),
	    AT_LEAST(0), NO_PLACE },
	{ KEY("quota.config.max.bytes", INT, "0", LOW,
	      "Bytes of keys and values that a connector's configuration may "
	      "have, as it is stored; 0 is no limit."),
	    AT_LEAST(0), NO_PLACE },
	{ KEY("quota.requests.anonymous", INT, "0", LOW,
	      "REST requests a second from an address that gives no name; ten "
	      "seconds' worth may come at once, more is answered 429. 0 is no "
	      "limit."),
	    AT_LEAST(0), NO_PLACE },
	{ KEY("quota.requests.viewer", INT, "0", LOW,
	      "The same of each user with that role."),
	    AT_LEAST(0), NO_PLACE },
	{ KEY("quota.requests.operator", INT, "0", LOW,
	      "The same of each user with that role."),
	    AT_LEAST(0), NO_PLACE },
	{ KEY("quota.requests.editor", INT, "0", LOW,
	      "The same of each user with that role."),
	    AT_LEAST(0), NO_PLACE },
	{ KEY("quota.requests.admin", INT, "0", LOW,
	      "The same of each user with that role."),
	    AT_LEAST(0), NO_PLACE },
	{ KEY("rest.auth.users.file", STRING, "", MEDIUM,
	      "JSON file of who may use REST: users with a role and a hashed "
	      "password or token. When neither this nor a file of keys is "
	      "set, everybody may do everything."),
	    NO_PLACE },
	{ KEY("rest.auth.jwt.keys.file", STRING, "", MEDIUM,
	      "JWK set of keys whose signature under a bearer token counts."),
	    NO_PLACE },
	{ KEY("rest.auth.jwt.issuer", STRING, "", LOW,
	      "What iss in a bearer token has to be; empty: anything."),
	    NO_PLACE },
	{ KEY("rest.auth.jwt.audience", STRING, "", LOW,
	      "What aud in a bearer token has to be; empty: anything."),
	    NO_PLACE },
	{ KEY("rest.auth.jwt.role.claim", STRING, "role", LOW,
	      "The claim that says viewer, operator, editor or admin."),
	    .flags = PS_NOT_EMPTY, NO_PLACE },
	{ KEY("rest.auth.jwt.labels.claim", STRING, "labels", LOW,
	      "The claim with the labels of connectors that the token is for; "
	      "without it, it is for all."),
	    .flags = PS_NOT_EMPTY, NO_PLACE },
	{ KEY("rest.allowed.hosts", LIST, "", LOW,
	      "Names besides localhost under which a loopback listener without "
	      "users may be asked."),
	    .flags = PS_UNIQUE, NO_PLACE },
	{ KEY("rest.audit.file", STRING, "", LOW,
	      "Where every change is noted, who asked for it and from where; "
	      "empty: in the worker's log."),
	    NO_PLACE },
	{ KEY("worker.labels", LIST, "", LOW,
	      "What connectors may ask for with penstock.placement: "
	      "label=value, separated by commas."),
	    .flags = PS_UNIQUE, NO_PLACE },
	{ KEY("worker.capacity", INT, "0", LOW,
	      "How much this worker takes against others; 0 is its number of "
	      "processors."),
	    AT_LEAST(0), NO_PLACE },
	{ KEY("log.level", STRING, "INFO", LOW,
	      "What is logged until /admin/loggers says otherwise."),
	    .flags = PS_ANY_CASE, .choices = level_choices, NO_PLACE },
	{ KEY("metrics.series.max", INT, "100000", LOW,
	      "Series that /metrics may show; more are counted and dropped."),
	    AT_LEAST(100), NO_PLACE },
};

const struct key_table common_penstock_keys = TABLE(penstock_keys);
const struct key_table worker_penstock_keys = TABLE(worker_keys);
