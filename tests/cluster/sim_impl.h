/*
 * sim_impl: the simulator's world; private to its files.
 *
 * world: chance, the queue of events, clocks, what is cut off. node: a worker
 * with its herder and its children. broker: the logs and the group. pen: the
 * scribes' transactions. clients: changes of what is to run, and their answers.
 * trouble: faults. rules*: what must hold. All memory of records is the
 * arena's and ends with the simulation.
 */
#ifndef PENSTOCK_TESTS_CLUSTER_SIM_IMPL_H
#define PENSTOCK_TESTS_CLUSTER_SIM_IMPL_H

#include "base/arena.h"
#include "cluster/herder.h"
#include "tests/cluster/sim.h"

#define SESSION_MS    10000
#define BEAT_MS       3000
#define GROUP_BEAT_MS 1000
#define MAX_WORKERS   6
#define CONNECTORS    4
#define MAX_TASKS     4
#define MAX_OUTBOX    128
#define CLIENTS       3
#define WRITE_MAX     (2 * CONNECTORS) /* records of a transaction */

/* ---- events ------------------------------------------------------------ */

enum event_kind {
	EV_READ,
	EV_TICK,
	EV_APPEND,     /* to the lease log: the first of the worker's queue */
	EV_LAST_WORDS, /* … what a dead worker had sent */
	EV_CHILD_STOPPED,
	EV_CHILD_IDLE,
	EV_SETTLE,
	EV_COMMIT,
	EV_ANSWER,
	EV_GROUP, /* a member's heartbeat */
	EV_FAULT,
	EV_START,
	EV_CRASH,
	EV_CLIENT, /* a client's turn */
	EV_ASK,    /* … its change comes to a worker */
	EV_TOLD,   /* … and the leader's answer to who has asked it */
	EV_HURRY,
	EV_HANG, /* its lease client, again */
	EV_COMPACT,
	EV_DRAIN,
	EVENT_KINDS,
};

struct event {
	int64_t at;
	uint64_t order;
	enum event_kind kind;
	unsigned worker;
	uint64_t life;   /* of the worker, when it was sent */
	uint64_t serial; /* of a child, or of a scribe */
	int value;       /* a connector, an enum wrote, or a client */
	union {
		struct lease_record *lease;
		struct write *write;
		struct change *change;
	};
};

/* ---- logs -------------------------------------------------------------- */

struct lease_record {
	int64_t at;
	bool is_verdict;
	struct who verdict;
	struct beat beat;
};

enum config_kind { CONFIG_CONNECTOR, CONFIG_ASSIGNMENT, CONFIG_CLAIM };
#define CONFIG_KINDS (CONFIG_CLAIM + 1)

struct config_record {
	enum config_kind kind;
	int connector;
	bool gone;      /* a tombstone */
	bool compacted; /* no reader finds it any more */
	bool healed;    /* written again */
	int64_t origin; /* … what stands there, -1: there was nothing */
	int64_t at;
	struct change *change; /* a connector's */
	struct wanted wanted;
	struct assignment assignment;
	struct claim claim;
};

/* A list that grows; `items` are of `size` bytes. */
struct log {
	size_t size, count, room;
	char *items;
};

/* One transaction: it waits for the scribe, or is on its way. */
struct write {
	size_t count;
	struct config_record records[WRITE_MAX];
	bool claim, assigns, heals;
	bool has_read;   /* what was hidden */
	bool is_decided; /* by the broker */
	int64_t group_generation;
	uint64_t producer; /* the scribe's epoch, 0: not initialized */
	uint64_t scribe;   /* whose it is */
};

/* ---- clients ----------------------------------------------------------- */

enum change_op { CHANGE_PUT, CHANGE_DELETE, CHANGE_STOP, CHANGE_RESUME };

enum change_state {
	CHANGE_ASKED, /* on its way to the leader */
	CHANGE_SENT,  /* the pen has it */
	CHANGE_WRITTEN,
	CHANGE_IN_DOUBT,
	CHANGE_FAILED,
	CHANGE_TOLD, /* who was asked knows, and has yet to read it */
};

/* What a client wants. */
struct change {
	struct change *next; /* at the same worker */
	enum change_op op;
	enum change_state state;
	int connector;
	size_t task_count;
	size_t client;
	bool open; /* the client waits */
	int64_t began;
	int64_t after; /* what was acknowledged when it was asked for */
	size_t asked;
	uint64_t asked_life;
	int leader; /* whom it was forwarded to, or -1 */
	uint64_t leader_life;
	const struct write *write;
	const struct change *base; /* the newest that its leader had read */
	/* Where it stands in the log, or would if it was committed; -1: the
	 * broker has not decided. */
	int64_t at;
	bool committed;
};

/* ---- workers ----------------------------------------------------------- */

/* A process of a worker's. Its kernel timer runs on the machine's clock,
 * whatever the worker does. */
struct child {
	bool used;
	int connector, task;
	int64_t generation;
	bool stopping, idle;
	bool warned;   /* told to suspend, or to end */
	int64_t lease; /* by the machine's clock */
	uint64_t serial;
};

struct node {
	const char *id;
	struct herder *h; /* NULL: it does not run */
	uint64_t life;    /* changes at each start and end */
	int64_t offset;   /* its clock is time * rate + offset */
	double rate;
	int64_t paused_until, no_send_until, no_read_until;
	int64_t no_lease_until; /* its client of the lease topic */
	bool sick;              /* … hangs for good */
	bool drained, leaving;
	bool refused; /* when all was calm */
	int version;  /* of records, the newest it knows */
	int64_t started_at, ended_at;
	int64_t tick_at;
	struct child children[CONNECTORS][1 + MAX_TASKS];
	int64_t lease_told;
	/* readers */
	size_t lease_from, lease_at, config_at, member_at;
	size_t compacted;     /* of the status topic, when it started to read */
	bool reading;         /* an event for it is on its way */
	int64_t caught_up_at; /* a position, -1: none was asked for */
	int64_t born_at;      /* where the config log ended then */
	uint64_t token;
	/* its producer of the lease topic, in order */
	struct lease_record *outbox[MAX_OUTBOX];
	size_t outbox_count;
	bool sending;
	/* the group */
	bool joined, owner_told;
	int64_t seen, rejoin_at, told_generation;
	/* the scribe */
	uint64_t scribe, producer;
	bool claimed;           /* it may write */
	struct write *writing;  /* it has this */
	struct write *waiting;  /* … and gets that next */
	bool healing;           /* it was told to, and has not done so yet */
	struct change *changes; /* that wait for an answer, or for the reader */
	/* The newest of each connector that was read. */
	const struct change *shown[CONNECTORS];
	int64_t assigned_by[CONNECTORS]; /* records that were read, or -1 */
	int64_t assigned_at; /* its last transaction of assignments */
};

struct sim {
	struct sim_plan plan;
	struct ps_arena *a;
	uint64_t random;
	int64_t now;
	struct event *heap;
	size_t heap_count, heap_room;
	uint64_t order, serial;
	struct node nodes[MAX_WORKERS];
	struct log leases, configs, members;
	struct wanted wanted[CONNECTORS];
	int64_t newest[CONNECTORS]; /* records of connectors, -1: none */
	bool hidden[CONFIG_KINDS][CONNECTORS]; /* the last one was aborted */
	/* clients */
	struct change *clients[CLIENTS];  /* what each waits for, or NULL */
	int64_t acknowledged[CONNECTORS]; /* the newest one's place, or -1 */
	/* the group */
	int owner;            /* of the partition, -1: nobody */
	int64_t vacant_until; /* its dead owner is a member until then */
	int64_t group_generation;
	uint64_t producer; /* the newest */
	int64_t outage_until;
	int64_t epoch;      /* of the newest assignment */
	bool upgraded;      /* all that start now */
	int last;           /* the worker that left when all was calm, or -1 */
	size_t disturbed;   /* processes of others that stopped for that */
	int64_t fault_at;   /* the last of all that happened to workers */
	int64_t placed_at;  /* when all ran that was to run */
	int64_t missing_ms; /* the longest that something did not */
	char red[512];
	struct sim_counts counts;
};

/* ---- world ------------------------------------------------------------- */

extern const char *const sim_connectors[CONNECTORS];
extern const char *const sim_ids[MAX_WORKERS];
int sim_connector(const char *name);
/* The other worker of the same id, or -1. */
int sim_namesake(const struct sim *s, size_t i);
/* Names that live as long as the world. */
struct who sim_who(const struct who *w);
/* What the worker is, and what the connector wants; NULL: nothing special. */
const char *sim_labels(const struct sim *s, size_t i);
double sim_capacity(const struct sim *s, size_t i);
/* The newest format that it knows: another at each start. */
int sim_version(const struct sim *s, size_t i);
const char *sim_placement(const struct sim *s, int connector);

uint64_t world_draw(struct sim *s);
int64_t world_between(struct sim *s, int64_t low, int64_t high);
bool world_one_in(struct sim *s, unsigned n);
/* One in n, where not only kills are the trouble. */
bool world_is_unlucky(struct sim *s, unsigned n);
/* Of a message: mostly short, sometimes long. */
int64_t world_delay(struct sim *s);

/* Printed when the schedule is told. */
__attribute__((format(printf, 2, 3))) void
world_say(const struct sim *s, const char *fmt, ...);
/* A rule is broken; the first counts. */
__attribute__((format(printf, 2, 3))) void
world_red(struct sim *s, const char *fmt, ...);

void world_push(struct sim *s, struct event e);
struct event world_pop(struct sim *s);
/* For the worker's present life. */
void
world_later(struct sim *s, int64_t ms, enum event_kind kind, size_t worker);

int64_t world_clock(const struct sim *s, const struct node *n);
int64_t world_time(const struct node *n, int64_t clock);

bool world_is_awake(const struct sim *s, const struct node *n);
bool world_can_send(const struct sim *s, const struct node *n);
bool world_can_read(const struct sim *s, const struct node *n);
bool world_can_lease(const struct sim *s, const struct node *n);
/* When all that is cut may be whole again: to look before is no use. */
int64_t world_whole_at(const struct sim *s, const struct node *n);

void *log_add(struct log *l);
void *log_at(const struct log *l, size_t i);

/* ---- node -------------------------------------------------------------- */

void node_start(struct sim *s, size_t i);
/* Killed, or left. */
void node_end(struct sim *s, size_t i);
void node_step(struct sim *s, size_t i, const struct herder_event *ev);
/* There is something new in a log. */
void node_wake_readers(struct sim *s);
/* One of its processes ends by itself, and starts again. */
void node_lose_child(struct sim *s, size_t i);
void node_settle_later(struct sim *s, size_t i, int connector);

void node_on_read(struct sim *s, const struct event *e);
void node_on_tick(struct sim *s, const struct event *e);
void node_on_child_stopped(struct sim *s, const struct event *e);
void node_on_child_idle(struct sim *s, const struct event *e);
void node_on_settle(struct sim *s, const struct event *e);
void node_on_hurry(struct sim *s, const struct event *e);

/* ---- children: the supervisor and its processes ------------------------ */

void children_settle(struct sim *s, size_t i, int connector);
void children_reap_expired(struct sim *s, size_t i);
void children_lease(struct sim *s, size_t i, int64_t ends);
void children_suspend(struct sim *s, size_t i);
void children_kill(struct sim *s, size_t i);
void children_forget(struct sim *s, size_t i);

/* ---- broker ------------------------------------------------------------ */

void
broker_send_lease(struct sim *s, size_t i, const struct herder_action *act);
/* What a worker that ends had in its queue: some of it was sent. */
void broker_drop_outbox(struct sim *s, size_t i);
void broker_append_config(struct sim *s, const struct config_record *r);
/* Of its key the last record was aborted, and it hides the one before from
 * those that read without isolation. */
void broker_hide(struct sim *s, const struct config_record *r);
/* What is hidden of a key, to be written again. false: nothing is. */
bool broker_find_hidden(const struct sim *s, enum config_kind kind,
    int connector, struct config_record *out);
void broker_introduce(struct sim *s, size_t i);
void broker_leave_group(struct sim *s, size_t i);
void broker_lose_member(struct sim *s, size_t i);

void broker_on_append(struct sim *s, const struct event *e);
void broker_on_last_words(struct sim *s, const struct event *e);
void broker_on_group(struct sim *s, const struct event *e);
void broker_on_compact(struct sim *s, const struct event *e);

/* ---- pen: a leader's scribe and its transactions ---------------------- */

void pen_claim(struct sim *s, size_t i, int64_t epoch);
void pen_heal(struct sim *s, size_t i);
void pen_assign(struct sim *s, size_t i, const struct herder_action *act);
/* false: it writes nothing. */
bool pen_change(struct sim *s, size_t i, struct change *ch);
/* The scribe ends. What it has is in doubt, what waits is refused. */
void pen_drop(struct sim *s, size_t i);

void pen_on_commit(struct sim *s, const struct event *e);
void pen_on_answer(struct sim *s, const struct event *e);

/* ---- clients: who wants changes, and how workers answer ---------------- */

/* A transaction's answer, from the pen. NULL: there is none. */
void clients_wrote(struct sim *s, size_t i, const struct write *wr,
    enum wrote wrote);
/* The worker has read something. */
void clients_look(struct sim *s, size_t i);
/* What the change makes of its connector. */
struct wanted clients_want(const struct sim *s, const struct change *ch);

void clients_on_turn(struct sim *s, const struct event *e);
void clients_on_ask(struct sim *s, const struct event *e);
void clients_on_told(struct sim *s, const struct event *e);

/* ---- trouble ----------------------------------------------------------- */

void trouble_on_fault(struct sim *s, const struct event *e);
void trouble_on_start(struct sim *s, const struct event *e);
void trouble_on_crash(struct sim *s, const struct event *e);
void trouble_on_hang(struct sim *s, const struct event *e);
void trouble_on_drain(struct sim *s, const struct event *e);
void trouble_end(struct sim *s);
/* One leaves when all is calm. false: there is none that others can do
 * without. */
bool trouble_last_leaves(struct sim *s);

/* ---- rules ------------------------------------------------------------- */

/* The child begins to act: nobody else may do its work. */
void rules_alone(struct sim *s, size_t at, const struct child *mine);
/* It starts where its connector may run. */
void rules_placed(struct sim *s, size_t i, const struct child *c);
bool rules_is_active(const struct sim *s, const struct node *n,
    const struct child *c);
/* It gives up its id for another's. */
void rules_refused(struct sim *s, size_t i);
/* If it leads: it holds the partition, nobody claimed since, and what was
 * aborted is healed. */
void rules_leads(struct sim *s, size_t i);
/* It starts something, or claims: it has read what there was at its birth. */
void rules_has_read(struct sim *s, size_t i);
/* A claim is committed: of the partition's owner. */
void rules_claims(struct sim *s, size_t i);
/* A new incarnation begins: nothing of the last one runs. */
void rules_born(struct sim *s, size_t i);
/* It judges: a session's silence stands in the log. */
void rules_verdict(struct sim *s, size_t i, const struct who *who);
/* Has the worker read a verdict? */
bool rules_is_judged(const struct sim *s, size_t i, const struct who *who);
/* Nothing is taken from who could go on that balance does not need. */
void rules_moves(struct sim *s, size_t i, const struct assign_result *r);
/* It is not its worker's to run any more. */
void rules_stops(struct sim *s, size_t i, const struct child *c);
/* What it assigns: not too often; what may come back is waited for. */
void rules_assign(struct sim *s, size_t i, const struct herder_action *act);
/* A client is told that its change is done: it is, the worker shows it, and
 * it stands behind all that was acknowledged before. */
void rules_acknowledged(struct sim *s, size_t i, const struct change *ch);
/* A change is written: its leader had read all that came before. */
void rules_changes(struct sim *s, const struct change *ch);
/* What a heal writes undoes nothing. */
void rules_heals(struct sim *s, const struct config_record *r);
/* The worker shows of the connector what the log says, if it has read so far.
 */
void rules_shows(struct sim *s, size_t i, int connector);
/* The kernel's timer ends it. */
void rules_expires(struct sim *s, size_t i, const struct child *c);
/* All runs where it may, or a session and a take-over are not over. */
void rules_in_time(struct sim *s);
/* All runs once, and is spread. */
void rules_calm(struct sim *s);
/* … also without who left, and nothing moved but what was there. */
void rules_leaves(struct sim *s, size_t i);
void rules_left(struct sim *s);

#endif
