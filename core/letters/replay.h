/*
 * replay: dead letters back to where they came from, in their order.
 *
 * A sink's goes to its record's own topic and partition, as it was, with a
 * header that counts; a source's through transforms and converters as they
 * are now, and what fails again is a new letter. What was put back is committed
 * with it, in one transaction: a replay that dies is gone on with and puts
 * nothing back twice for readers of committed records. Two at once exclude each
 * other.
 */
#ifndef PENSTOCK_LETTERS_REPLAY_H
#define PENSTOCK_LETTERS_REPLAY_H

#include <jansson.h>

#include "child/settings.h"

/* {all or offsets: [{partition, offset}], dry_run, again, topic, max_replays,
 * limit} -> {topic, dry_run, replayed, skipped, more, partitions}. */
json_t *replay_run(const struct settings *s, const struct ps_host *h,
    const json_t *args, struct ps_error *err);

#endif
