/*
 * localfile: offsets of a standalone worker, in Kafka Connect's file.
 *
 * The file is Java's serialization of a HashMap<byte[], byte[]>, so either
 * can go on where the other stopped. Replaced atomically: written beside,
 * synced, renamed, directory synced.
 */
#ifndef PENSTOCK_STORE_LOCALFILE_H
#define PENSTOCK_STORE_LOCALFILE_H

#include <penstock/arena.h>
#include <penstock/error.h>

#include "store/keys.h"

/* No file, or an empty one: no pairs. Memory from `a`. PS_E_DATA names what
 * is wrong at which byte. */
int localfile_load(struct ps_arena *a, const char *path,
    struct store_pairs *out, struct ps_error *err);
/* Pairs without a value are left out. */
int localfile_save(const char *path, const struct store_pairs *pairs,
    struct ps_error *err);

/* The bytes alone. */
int localfile_decode(struct ps_arena *a, const void *data, size_t len,
    struct store_pairs *out, struct ps_error *err);
void *localfile_encode(struct ps_arena *a, const struct store_pairs *pairs,
    size_t *len);

#endif
