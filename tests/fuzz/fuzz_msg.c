/*
 * A child may be corrupt: whatever it sends is refused or understood, and
 * what is understood means the same after it was encoded again.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "ipc/msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const struct msg_side *side, const char *data, size_t size)
{
	struct msg m, again;
	size_t len;
	char *text;

	if (msg_decode(data, size, side, &m, NULL) == 0) {
		text = msg_encode(&m, &len, NULL);
		assert(text != NULL);
		assert(msg_decode(text, len, side, &again, NULL) == 0);
		assert(again.type == m.type);
		msg_fini(&again);
		free(text);
	}
	msg_fini(&m);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct msg_side sides[] = {
		{ MSG_TASK, MSG_UP, MSG_DATA },
		{ MSG_TASK, MSG_UP, MSG_CONTROL },
		{ MSG_CONNECTOR, MSG_UP, MSG_DATA },
		{ MSG_INSPECT, MSG_UP, MSG_DATA },
		{ MSG_TASK, MSG_DOWN, MSG_DATA },
	};

	for (size_t i = 0; i < sizeof sides / sizeof *sides; i++)
		check(&sides[i], (const char *)data, size);
	return 0;
}
