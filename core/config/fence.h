/*
 * fence: what the worker's file says of the fences around plugins.
 *
 * One reading for the worker, who looks whether the kernel can, and for its
 * children, who close them. What is not set is as the key tables say.
 */
#ifndef PENSTOCK_CONFIG_FENCE_H
#define PENSTOCK_CONFIG_FENCE_H

#include <stdbool.h>

#include <penstock/config.h>

enum fence_files {
	FENCE_NONE,
	FENCE_WRITES,   /* all may be read */
	FENCE_ALL,      /* where the kernel can */
	FENCE_REQUIRED, /* or nothing runs */
};

/* task.jail: is there any fence? */
bool fence_calls(const struct ps_config *worker);
/* task.jail.files, whatever task.jail says. */
enum fence_files fence_files(const struct ps_config *worker);

#endif
