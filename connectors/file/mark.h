/*
 * mark: how a file is known again, whatever it is called by now.
 *
 * It is stored beside the position: the file's inode, which a rename keeps,
 * and a hash of what stands before the position, which a copy keeps too.
 */
#ifndef PENSTOCK_CONNECTORS_FILE_MARK_H
#define PENSTOCK_CONNECTORS_FILE_MARK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MARK_BYTES 256 /* at most so many before the position */
#define MARK_TEXT  64

struct mark {
	bool is_set;
	uint64_t inode, hash;
};

/* Of a position before which data[0..end) was read. */
struct mark mark_of(uint64_t inode, const char *data, size_t end);
/* How many bytes before that position the mark is of. */
size_t mark_length(int64_t position);
void mark_print(const struct mark *m, char out[MARK_TEXT]);
/* Not set when the text is none of ours. */
struct mark mark_parse(const char *text, size_t len);

#endif
