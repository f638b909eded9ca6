/*
 * letters: the dead letters of a connector, as people look at them.
 *
 * The topic may be several connectors': only those of this one are shown.
 * What a letter holds is JSON where it reads as such, else text, else base64,
 * without what is to be hidden and cut to a size.
 */
#ifndef PENSTOCK_LETTERS_LETTERS_H
#define PENSTOCK_LETTERS_LETTERS_H

#include <jansson.h>

#include "child/settings.h"
#include "kafka/reader.h"

/* How often it was put back, as text; goes with the record. */
#define LETTERS_REPLAYS "penstock.replays"
/* Of the headers that say why it is one. */
#define LETTERS_CONTEXT "__connect.errors."
/* What the letter is without, since its topic did not take it. */
#define LETTERS_LEFT_OUT LETTERS_CONTEXT "left.out"

/* What a letter's headers say of it; NULL and -1: nothing. */
struct letter_context {
	const char *connector, *topic;
	int64_t partition, offset, task, replays;
	const char *stage, *class_name, *exception, *message;
	const char *source_partition, *source_offset; /* JSON; of sources */
};

/* Strings in `a`. */
struct letter_context
letter_context(struct ps_arena *a, const struct consumer_record *r);
/* Is it one of this connector's, or nobody's by name? */
bool letter_is_of(const struct letter_context *c, const char *connector);

/* "" when the connector has none. */
const char *letters_topic(const struct settings *s);
/* The group whose committed offsets say what was put back. */
const char *letters_group(const struct settings *s);
/* Reads as the connector's consumer; the settings are resolved. */
struct reader *letters_reader(const struct settings *s, struct ps_error *err);

/* {cursor, limit, mask} -> {topic, letters, next, partitions}. */
json_t *letters_list(const struct settings *s, struct redact *redact,
    const json_t *args, struct ps_error *err);

#endif
