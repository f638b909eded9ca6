/*
 * end: the end of a file of lines that several tasks append to.
 *
 * Who appends holds the lock, so lines of two tasks never mix. What a task
 * left torn is ended with a newline, or cut when nobody else can be about to
 * write; a line of somebody else is never cut.
 */
#ifndef PENSTOCK_CONNECTORS_FILE_END_H
#define PENSTOCK_CONNECTORS_FILE_END_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* false: another task holds it for longer than a write takes. A file system
 * without locks answers true. */
bool end_lock(int fd);
void end_unlock(int fd);

/* Under the lock, before a write: its lines begin at `at`. */
void end_note(int fd, off_t at, size_t len);

/* Under the lock: the file of this size ends with a whole line from here on.
 * The bytes that were cut, 0 if none; -1 with errno set. */
off_t end_mend(int fd, off_t size);

#endif
