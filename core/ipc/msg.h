/*
 * msg: what a worker and its children say to each other.
 *
 * msg.def lists all messages with their fields; the structs here, encoding
 * and decoding are made from it. Decoding refuses what the sender may not
 * send: the wrong way, the wrong descriptor or the wrong role.
 */
#ifndef PENSTOCK_IPC_MSG_H
#define PENSTOCK_IPC_MSG_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include <penstock/error.h>

#include "ipc/channel.h"

/* About so many bytes of [key, value] pairs go into one message. */
#define MSG_ITEMS_BYTES ((size_t)256 << 10)
/* The most that one of them has. As JSON a byte can take six, and a message
 * holds CHANNEL_FRAME_MAX. */
#define MSG_PAIR_BYTES ((size_t)1 << 20)

/* Descriptors of a child: standard ones, then these. */
enum { MSG_CONTROL_FD = 3, MSG_DATA_FD = 4 };

enum msg_way { MSG_DOWN, MSG_UP };
enum msg_wire { MSG_CONTROL, MSG_DATA };
enum msg_role {
	MSG_TASK = 1 << 0,
	MSG_CONNECTOR = 1 << 1,
	MSG_INSPECT = 1 << 2,
	MSG_SCRIBE = 1 << 3,
};

enum msg_type {
#define MSG(NAME, name, way, wire, roles) MSG_TYPE_##NAME,
#define FIELD(message, name, kind)
#define END(message)
#include "ipc/msg.def"
#undef MSG
#undef FIELD
#undef END
	MSG_TYPE_COUNT,
};

/* TEXT is borrowed from the message, JSON too (msg_decode) or from the
 * caller (msg_send). */
#define MSG_C_TEXT     const char *
#define MSG_C_OPT_TEXT const char *
#define MSG_C_INT      int64_t
#define MSG_C_OPT_INT  int64_t
#define MSG_C_BOOL     bool
#define MSG_C_OPT_BOOL bool
#define MSG_C_JSON     json_t *
#define MSG_C_OPT_JSON json_t *

#define MSG(NAME, name, way, wire, roles) struct msg_##name {
#define FIELD(message, name, kind)        MSG_C_##kind name;
/* A struct has at least one member. */
#define END(message) \
	char end;    \
	}            \
	;
#include "ipc/msg.def"
#undef MSG
#undef FIELD
#undef END

struct msg {
	enum msg_type type;
	json_t *root; /* decoded messages: holds what the fields borrow */
	union {
#define MSG(NAME, name, way, wire, roles) struct msg_##name name;
#define FIELD(message, name, kind)
#define END(message)
#include "ipc/msg.def"
#undef MSG
#undef FIELD
#undef END
	};
};

/* Whose messages are read: of which child, in which direction, on what. */
struct msg_side {
	enum msg_role role;
	enum msg_way way;
	enum msg_wire wire;
};

const char *msg_name(enum msg_type type);
/* The frame's text in memory of malloc, or NULL with err. */
char *msg_encode(const struct msg *m, size_t *len, struct ps_error *err);
/* Fills *m; msg_fini after use, also after a failure. */
int msg_decode(const char *frame, size_t len, const struct msg_side *side,
    struct msg *m, struct ps_error *err);
void msg_fini(struct msg *m);

/* msg_encode and channel_send. */
int msg_send(struct channel *c, const struct msg *m, struct ps_error *err);
/* The next message of the channel: 1, 0 when there is none, -1. */
int msg_next(struct channel *c, const struct msg_side *side, struct msg *m,
    struct ps_error *err);

#endif
