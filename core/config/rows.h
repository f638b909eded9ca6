/*
 * rows: how the framework's key tables are written.
 */
#ifndef PENSTOCK_CONFIG_ROWS_H
#define PENSTOCK_CONFIG_ROWS_H

#include <penstock/config.h>

/* First half of a row: what the key is. */
#define KEY(key, kind, usual, weight, text)                             \
	.name = (key), .type = PS_KEY_##kind, .default_value = (usual), \
	.importance = PS_##weight, .doc = (text)
/* Second half: where it is shown. */
#define PLACE(in, nth, wide, shown) \
	.group = (in), .order = (nth), .width = PS_W_##wide, .display = (shown)
#define NO_PLACE        .order = -1, .width = PS_W_NONE
#define AT_LEAST(least) .flags = PS_HAS_MIN, .min = (least)

#define TABLE(rows)                                   \
	{                                             \
		(rows), sizeof(rows) / sizeof *(rows) \
	}

#endif
