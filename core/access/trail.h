/*
 * trail: a file of lines that neither a power cut nor an intruder leaves a hole
 * in.
 *
 * Each line is a JSON object whose last member `hash` is the SHA-256, in hex,
 * of the hash of the whole line before (the file may have taken only a part of
 * one) and this one without it. The disk has all lines so far when its owner
 * asks for that: once for many.
 */
#ifndef PENSTOCK_ACCESS_TRAIL_H
#define PENSTOCK_ACCESS_TRAIL_H

#include <penstock/arena.h>
#include <penstock/error.h>

struct trail;

/* Goes on behind what is there. PS_E_CONFIG: it cannot be written. */
struct trail *trail_open(const char *path, struct ps_error *err);
/* With trail_sync. */
void trail_close(struct trail **tp);
/* What the file does not take is in the log. */
void trail_put(struct trail *t, struct ps_arena *a, const char *line);
/* Waits for the disk to have all lines. */
void trail_sync(struct trail *t);
/* Lines that the file did not take, or the disk. */
unsigned trail_lost(const struct trail *t);

#endif
