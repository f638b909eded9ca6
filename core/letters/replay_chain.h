/*
 * replay_chain: a source's letter on its way once more.
 *
 * The letter holds the record as it was polled: it goes through the
 * connector's transforms and converters as they are configured now.
 */
#ifndef PENSTOCK_LETTERS_REPLAY_CHAIN_H
#define PENSTOCK_LETTERS_REPLAY_CHAIN_H

#include <penstock/record.h>

#include "child/settings.h"
#include "letters/letters.h"

struct replay_chain;

struct replay_chain *replay_chain_new(const struct settings *s,
    const struct ps_host *h, struct ps_error *err);
void replay_chain_free(struct replay_chain **cp);
/* What becomes of it, until the batch's end: kept with its bytes, dropped, or
 * failed. NULL: the letter cannot be read. */
const struct ps_record *replay_chain_run(struct replay_chain *c,
    struct ps_batch *b, const struct ps_record *letter,
    const struct letter_context *context, struct ps_error *err);
/* The letter with another reason why it is one, in the batch's arena. */
struct ps_record replay_chain_letter(struct ps_batch *b,
    const struct ps_record *letter, const struct ps_failure *why);

#endif
