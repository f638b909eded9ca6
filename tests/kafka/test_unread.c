#include "kafka/unread.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

Test(unread, each_error_says_whether_anything_behind_it_counts)
{
	static const struct {
		rd_kafka_resp_err_t code;
		enum unread what;
		enum ps_code class;
	} rows[] = {
		{ RD_KAFKA_RESP_ERR__PARTITION_EOF, UNREAD_END, PS_OK },
		{ RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, UNREAD_RESET, PS_OK },
		{ RD_KAFKA_RESP_ERR__BAD_MSG, UNREAD_STOP, PS_E_DATA },
		{ RD_KAFKA_RESP_ERR__BAD_COMPRESSION, UNREAD_STOP, PS_E_DATA },
		{ RD_KAFKA_RESP_ERR_INVALID_MSG, UNREAD_STOP, PS_E_DATA },
		{ RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED, UNREAD_STOP, PS_E_DATA },
		{ RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, UNREAD_STOP,
		    PS_E_CONFIG },
		{ RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, UNREAD_STOP,
		    PS_E_RETRY },
		/* The topic may come back. */
		{ RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, UNREAD_WAIT,
		    PS_E_RETRY },
		{ RD_KAFKA_RESP_ERR_UNKNOWN, UNREAD_WAIT, PS_E_RETRY },
		{ RD_KAFKA_RESP_ERR__TRANSPORT, UNREAD_WAIT, PS_E_RETRY },
	};
	const struct unread_at at = { "t", 3, 12, "some text" };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct ps_error why = { PS_OK, "" };

		cr_expect(eq(int, unread_judge(rows[i].code, &at, &why),
			      rows[i].what),
		    "%s", rd_kafka_err2name(rows[i].code));
		cr_expect(eq(int, why.code, rows[i].class), "%s",
		    rd_kafka_err2name(rows[i].code));
	}
}

Test(unread, the_text_says_where_why_and_the_way_out)
{
	struct unread_at at = { "t", 3, 12, "no CRC" };
	struct ps_error why = { PS_OK, "" };

	(void)unread_judge(RD_KAFKA_RESP_ERR__BAD_MSG, &at, &why);
	cr_expect(eq(str, why.text,
	    "topic t, partition 3 cannot be read at offset 12: no CRC "
	    "(_BAD_MSG): let a replica that is whole lead the partition, or "
	    "move the position past it"));
	ps_error_clear(&why);
	at.offset = -2;
	(void)unread_judge(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, &at,
	    &why);
	cr_expect(eq(str, why.text,
	    "topic t, partition 3 cannot be read: no CRC "
	    "(TOPIC_AUTHORIZATION_FAILED): give the client's user the right "
	    "to READ it"));
}
