/*
 * heal: what aborted transactions hide in the config topic.
 *
 * Kafka Connect by default reads what was aborted, too: it would run an
 * aborted create and apply an aborted delete. What is hidden is to be written
 * again with the value that holds. No transaction may be open.
 */
#ifndef PENSTOCK_SCRIBE_HEAL_H
#define PENSTOCK_SCRIBE_HEAL_H

#include <penstock/config.h>
#include <penstock/error.h>

#include "kafka/hidden.h"

/* `settings` are Java's keys of an internal client. NULL: it could not be
 * read within the limit. */
struct hidden *heal_read(const struct ps_config *settings, const char *topic,
    int limit_ms, struct ps_error *err);

/* Does the value hold? Not that of a task or of a commit from before their
 * connector was deleted: nothing ends these but that, and one of the same name
 * would run its predecessor's tasks. */
bool heal_holds(const struct hidden *h, const struct hidden_record *r);

/* Is it to be written again? Not a number of tasks that a stop would have made
 * 0, unless tasks of it are: alone it would be a list with holes to every
 * reader, and its tasks would end for that. Who takes the 0 for true makes them
 * anew when it starts the connector, as their number differs. */
bool heal_is_due(struct hidden *h, const struct hidden_record *r);

#endif
